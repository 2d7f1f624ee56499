/** What is wrong with a configuration. In a file of its own, so that the library can show it before anything is loaded. */

/** A wrong value, an unknown flag or key: wrong use (exit status 2). The message names it and holds no secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}
