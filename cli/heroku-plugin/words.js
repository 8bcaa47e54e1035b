'use strict'

// How a command is called in the Heroku CLI, and what the program is told then.

const TOPIC = 'autopromote'

function isOurs(id) {
  return id === TOPIC || String(id).startsWith(`${TOPIC}:`)
}

/** `autopromote:rules:add` is the program's `rules:add`, and `autopromote` the program itself. */
function wordsOf(id) {
  return id === TOPIC ? [] : [id.slice(TOPIC.length + 1)]
}

module.exports = {TOPIC, isOurs, wordsOf}
