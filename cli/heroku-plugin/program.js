'use strict'

// Runs the program in this process's place: its words, its terminal, its signals, its exit code.

const {execFile, spawn} = require('node:child_process')
const {constants} = require('node:os')

const {version} = require('./package.json')

const FAILED = 1
const [MAJOR, MINOR] = version.split('.').map(Number)
const CHECKOUT = /^autopromote\/0\+source /

/** Run the program, found by AUTOPROMOTE_BIN or on the PATH; the promise is its exit code. */
async function run(words, env) {
  const program = env.AUTOPROMOTE_BIN || 'autopromote'
  const trouble = await troubleWith(program, env)
  if (trouble) {
    process.stderr.write(` ›   Error: ${trouble}\n`)
    return FAILED
  }

  return ended(spawn(program, words, {env: {...env, AUTOPROMOTE_IN_HEROKU: '1'}, stdio: 'inherit'}))
}

/** What keeps the program from being run, and what to do about it. */
function troubleWith(program, env) {
  return new Promise(resolve => {
    execFile(program, ['--version'], {env}, (error, stdout) => {
      if (typeof error?.code === 'string') resolve(missing(env)) // ENOENT, EACCES: it never began
      else resolve(isNewEnough(stdout) ? undefined : tooOld(program))
    })
  })
}

function missing(env) {
  return env.AUTOPROMOTE_BIN
    ? `AUTOPROMOTE_BIN is ${env.AUTOPROMOTE_BIN}, which cannot be run. Unset it, or let it name the autopromote program.`
    : 'The autopromote program is not on the PATH. Run `pipx install .` in a checkout of it.'
}

function tooOld(program) {
  return `${program} is not autopromote ${MAJOR}.${MINOR} or newer. Run \`pipx install --force .\` in a newer checkout.`
}

/** Commands come with a new minor version, so the last number does not matter. */
function isNewEnough(line) {
  const [, major, minor] = /^autopromote\/(\d+)\.(\d+)/.exec(line) ?? []
  return CHECKOUT.test(line) || major > MAJOR || (Number(major) === MAJOR && minor >= MINOR)
}

function ended(child) {
  // The Heroku CLI ends at once at a signal, before the program could say its last word.
  handle('SIGINT', () => {}) // the terminal tells the program, too
  handle('SIGTERM', () => child.kill('SIGTERM'))
  handle('SIGHUP', () => child.kill('SIGHUP'))

  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal]))
  })
}

function handle(signal, listener) {
  process.removeAllListeners(signal)
  process.on(signal, listener)
}

module.exports = {run}
