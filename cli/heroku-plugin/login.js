'use strict'

// The user's Heroku login, from where the Heroku CLI keeps it: HEROKU_API_KEY, the keychain, netrc.

const {createRequire} = require('node:module')
const {join} = require('node:path')
const {pathToFileURL} = require('node:url')

/**
 * The environment in which the program has the login, and takes it to no Heroku but the one it is for.
 *
 * It is never an argument: those can be read by everybody on the machine.
 */
async function withLogin(env, config) {
  // Here HEROKU_HOST alone says which Heroku is meant. The program stops at a host that the Heroku
  // CLI would not accept, where the CLI itself would go on with the login's own Heroku.
  const {HEROKU_API_URL: _, ...rest} = env
  const token = env.HEROKU_API_KEY || (await storedToken(config))
  return token ? {...rest, HEROKU_API_KEY: token} : rest
}

async function storedToken(config) {
  try {
    const ofTheCli = createRequire(join(config.root, 'package.json'))
    const {APIClient} = await import(pathToFileURL(ofTheCli.resolve('@heroku-cli/command')).href)
    return await new APIClient(config).getAuth()
  } catch {
    // A Heroku CLI that is built in another way: the program asks `heroku auth:token` itself.
    return undefined
  }
}

module.exports = {withLogin}
