/** Which route a path means. */
import type { Route } from './route.ts'

export const adminPrefix = '/-/admin/v1'

/** In a path: the caller's own volume. No volume can be called so. */
export const ownVolume = '-'

interface Compiled {
  readonly route: Route
  /** Literals, or names of fields in braces. */
  readonly segments: readonly string[]
}

export interface Found {
  readonly route: Route
  readonly path: Readonly<Record<string, string>>
}

const segmentsOf = (path: string): string[] => path.split('/').slice(1)

/** Undefined for escapes that are none. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function match(segments: readonly string[], pattern: readonly string[]) {
  if (segments.length !== pattern.length) return undefined
  const path: Record<string, string> = {}
  for (const [at, part] of pattern.entries()) {
    const segment = segments[at] ?? ''
    if (!part.startsWith('{')) {
      if (part !== segment) return undefined
      continue
    }
    const value = decoded(segment)
    if (value === undefined || value === '') return undefined
    path[part.slice(1, -1)] = value
  }
  return path
}

/** Answers the route, or the methods that the path has. */
export function router(routes: readonly Route[]) {
  const compiled = routes.map((route): Compiled => ({ route, segments: segmentsOf(route.path) }))
  return (method: string, path: string): Found | readonly string[] => {
    const segments = segmentsOf(path)
    const methods: string[] = []
    for (const { route, segments: pattern } of compiled) {
      const values = match(segments, pattern)
      if (values === undefined) continue
      if (route.method === method) return { route, path: values }
      methods.push(route.method)
    }
    return methods
  }
}
