'use strict'

// The Heroku CLI answers --help before any command is run, and before that it asks this hook.

const {isOurs, wordsOf} = require('./words.js')

module.exports = async function ({argv, id}) {
  const words = wordsForHelp(id, argv)
  if (!words) return

  const {run} = require('./program.js') // this file is read at the start of every Heroku command
  process.exit(await run(words, process.env))
}

/** What the program is told, where its help is wanted; else nothing. */
function wordsForHelp(id, argv) {
  if (id === 'help' && isOurs(argv[0])) return [...wordsOf(argv[0]), ...argv.slice(1), '--help']
  if (isOurs(id) && wantsHelp(argv)) return [...wordsOf(id), ...argv]
  return undefined
}

function wantsHelp(argv) {
  const end = argv.indexOf('--')
  const words = end < 0 ? argv : argv.slice(0, end)
  return words.includes('--help') || words.includes('-h')
}
