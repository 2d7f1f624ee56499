// Request headers as the wire reads them: node's own form, names in lower case.

/** `node:http`'s IncomingHttpHeaders fits. Values hold one character per byte (latin1). */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** One header's value; repeated ones are joined by commas, as HTTP reads them. */
export const headerOf = (headers: RequestHeaders, name: string): string | undefined => {
  const value = headers[name]
  return value === undefined || typeof value === 'string' ? value : value.join(', ')
}
