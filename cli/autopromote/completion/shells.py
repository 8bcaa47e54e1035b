"""The script for each shell, and how the shell passes words and takes candidates."""

import shlex
from collections.abc import Sequence

Candidate = tuple[str, str]

BASH = """\
# Completion of autopromote. In this shell: source <(autopromote completion bash)
# In every one: write it to ~/.local/share/bash-completion/completions/autopromote
_autopromote() {
    local IFS=$'\\n'
    COMPREPLY=($("$1" __complete bash "$COMP_WORDBREAKS" "${COMP_LINE:0:$COMP_POINT}" 2>/dev/null))
}
complete -F _autopromote autopromote
"""
ZSH = """\
#compdef autopromote
# Completion of autopromote. In this shell: source <(autopromote completion zsh)
# In every one: write it to a file _autopromote in a folder that is in fpath
_autopromote() {
    local -a found typed
    typed=("${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}")
    found=("${(@f)$(${~words[1]} __complete zsh "${typed[@]}" 2>/dev/null)}")
    [[ -n $found[1] ]] && _describe -V autopromote found
}
if [[ $funcstack[1] == _autopromote ]]; then
    _autopromote "$@"
else
    compdef _autopromote autopromote
fi
"""
FISH = """\
# Completion of autopromote. In this shell: autopromote completion fish | source
# In every one: write it to ~/.config/fish/completions/autopromote.fish
function __autopromote_complete
    set -l words (commandline -opc)
    $words[1] __complete fish $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c autopromote -f -k -a '(__autopromote_complete)'
"""
SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


def read(shell: str, arguments: Sequence[str]) -> list[str]:
    """Return the words after the program's name; the last is at the cursor and may be empty."""
    if shell == "bash":
        return words_of_line(arguments[-1])[1:] or [""]
    return list(arguments) or [""]


def words_of_line(line: str) -> list[str]:
    """Return the words of a line that is still being typed, which may end within quotes."""
    for end in ("", '"', "'"):
        try:
            words = shlex.split(line + end)
        except ValueError:
            continue
        return [*words, ""] if line[-1:].isspace() and not end else words
    return [""]


def write(shell: str, arguments: Sequence[str], candidates: Sequence[Candidate]) -> str:
    """Return the candidates as the shell takes them, one per line."""
    match shell:
        case "bash":
            current = read(shell, arguments)[-1]
            cut = len(current) - len(behind_break(current, arguments[0]))
            lines = [word[cut:] for word, _ in candidates]
        case "zsh":
            lines = [f"{word.replace(':', chr(92) + ':')}:{what}" for word, what in candidates]
        case _:
            lines = [f"{word}\t{what}" for word, what in candidates]
    return "".join(f"{line}\n" for line in lines)


def behind_break(word: str, breaks: str) -> str:
    """Return the part that bash takes for the word: to it, `:` or `=` may start a new word."""
    last = max((word.rfind(each) for each in ":=" if each in breaks), default=-1)
    return word[last + 1 :]
