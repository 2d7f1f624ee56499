/** JSON of a policy: an object, without the duplicate keys that JSON.parse would drop silently. */
import { PolicyError } from './errors.ts'

export type Json = string | number | boolean | null | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

// A string, with the colon that makes it a key; a brace.
const token = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}]/gs

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The object that the text is. Throws PolicyError. */
export function parseJson(text: string): JsonObject {
  let value: Json
  try {
    value = JSON.parse(text) as Json
  } catch {
    value = null
  }
  if (!text.startsWith('{') || !isObject(value)) {
    throw new PolicyError("Policies must be valid JSON and the first byte must be '{'")
  }
  refuseDuplicates(text)
  return value
}

/** The text is valid JSON. */
function refuseDuplicates(text: string): void {
  const open: Set<string>[] = []
  for (const [found, colon] of text.matchAll(token)) {
    if (found === '{') open.push(new Set())
    else if (found === '}') open.pop()
    else if (colon !== undefined) {
      const key = JSON.parse(found.slice(0, -colon.length)) as string
      const keys = open.at(-1)
      if (keys?.has(key) === true) {
        throw new PolicyError(`Statement/policy already has instance of ${key}`)
      }
      keys?.add(key)
    }
  }
}

/** A string or a list of strings, as a list; undefined when it is neither or the list is empty. */
export function strings(value: Json | undefined): readonly string[] | undefined {
  if (typeof value === 'string') return [value]
  if (!Array.isArray(value) || value.length === 0) return undefined
  const list = value as readonly Json[]
  return list.every(item => typeof item === 'string') ? list : undefined
}
