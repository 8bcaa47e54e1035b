'use strict'

// The program's commands, each as a command of the Heroku CLI, which looks for them here.

const {aliases, commands} = require('./commands.json')
const {withLogin} = require('./login.js')
const {run} = require('./program.js')
const {TOPIC, wordsOf} = require('./words.js')

function commandOf(id, description) {
  // No `Command` of oclif: that one would read the flags itself, and we hand them on as they are.
  return class {
    static aliases = otherNames(id)
    static args = {}
    static description = description
    static flags = {}
    static strict = false

    static async run(argv, config) {
      // Not thrown: what is thrown, the Heroku CLI reports to its makers.
      process.exitCode = await run([...wordsOf(id), ...argv], await withLogin(process.env, config))
    }
  }
}

function otherNames(id) {
  const [topic, ...verb] = wordsOf(id).join().split(':')
  const names = Object.keys(aliases).filter(alias => aliases[alias] === topic)
  return names.map(name => [TOPIC, name, ...verb].join(':'))
}

exports.COMMANDS = Object.fromEntries(
  Object.entries(commands).map(([id, description]) => [id, commandOf(id, description)]),
)
