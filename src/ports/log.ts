/** What a room may say to the server's log. No secret, signature or token goes in. */
export interface Log {
  debug(fields: Readonly<Record<string, unknown>>, message: string): void
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
  error(fields: Readonly<Record<string, unknown>>, message: string): void
}
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
