/** Why the configuration cannot be used; the message names each setting, where it came from, and what was expected. */
export class ConfigurationError extends TypeError {
  override readonly name = 'ConfigurationError'
}
