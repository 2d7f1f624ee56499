/** Values of a policy that may hold wildcards and variables (`${aws:username}`), compiled to a test once. */
import { PolicyError } from './errors.ts'
import type { ConditionValues } from './request.ts'
import { compile, type Pattern } from './wildcards.ts'

export interface Variable {
  /** Condition key in lower case. */
  readonly key: string
  readonly fallback: string | undefined
}

type Piece = string | Variable
/** Literal texts, `*` and `?` as objects of their own so that an escaped one stays a literal. */
interface Wildcard {
  readonly wildcard: '*' | '?'
}

export type Template = readonly (Piece | Wildcard)[]

export interface TemplateOptions {
  /** Policies of Version 2008-10-17 know no variables: theirs are text. */
  readonly variables: boolean
  readonly wildcards: boolean
}

export type TemplateTest = (value: string, condition: ConditionValues) => boolean

const special = /\$\{|[*?]/g
const variable = /^\s*([^\s,'{}]+)\s*(?:,\s*'([^']*)'\s*)?$/

/** Reads a value. Throws PolicyError for a variable that is none. */
export function parseTemplate(text: string, options: TemplateOptions): Template {
  const pieces: (Piece | Wildcard)[] = []
  let at = 0
  const literal = (part: string): void => {
    if (part !== '') pieces.push(part)
  }
  for (;;) {
    special.lastIndex = at
    const found = special.exec(text)
    if (found === null) break
    literal(text.slice(at, found.index))
    at = found.index + found[0].length
    if (found[0] === '${' && options.variables) {
      const close = text.indexOf('}', at)
      if (close < 0) throw new PolicyError(`Policy has an invalid variable: ${text}`)
      const inner = text.slice(at, close)
      pieces.push(inner === '*' || inner === '?' || inner === '$' ? inner : readVariable(inner))
      at = close + 1
    } else if (options.wildcards && (found[0] === '*' || found[0] === '?')) {
      pieces.push({ wildcard: found[0] })
    } else literal(found[0])
  }
  literal(text.slice(at))
  return pieces
}

function readVariable(inner: string): Variable {
  const found = variable.exec(inner)
  if (found?.[1] === undefined) {
    throw new PolicyError(`Policy has an invalid variable: \${${inner}}`)
  }
  return { key: found[1].toLowerCase(), fallback: found[2] }
}

export const isVariable = (piece: Piece | Wildcard): piece is Variable =>
  typeof piece !== 'string' && 'key' in piece

const isWildcard = (piece: Piece | Wildcard): piece is Wildcard =>
  typeof piece !== 'string' && 'wildcard' in piece

/** The condition keys that a template's variables ask for. */
export const keysOf = (template: Template): string[] =>
  template.filter(isVariable).map(({ key }) => key)

/** Whether it stands for one value and no more. */
export const isFixed = (template: Template): boolean =>
  template.every(piece => typeof piece === 'string')

/** The only value of a key. A key of several values is none to put into a text. */
function valueOf({ key, fallback }: Variable, condition: ConditionValues): string | undefined {
  const values = condition(key)
  if (typeof values === 'string') return values
  return values?.length === 1 ? values[0] : fallback
}

/** The pattern, with variables filled in; what they hold is literal. Undefined where one is absent. */
function resolve(template: Template, condition: ConditionValues): Pattern | undefined {
  const segments: string[][] = [['']]
  for (const piece of template) {
    const segment = segments.at(-1) ?? ['']
    if (isWildcard(piece)) {
      if (piece.wildcard === '*') segments.push([''])
      else segment.push('')
      continue
    }
    const text = typeof piece === 'string' ? piece : valueOf(piece, condition)
    if (text === undefined) return undefined
    segment[segment.length - 1] += text
  }
  return segments
}

const nothing: ConditionValues = () => undefined

/**
 * A variable by itself may stand for several values, as a tag of Ceph's sessions has them: whichever it is matches. What
 * it holds is literal.
 */
const isOneOf =
  ({ key, fallback }: Variable): TemplateTest =>
  (value, condition) => {
    const values = condition(key)
    if (typeof values === 'string') return values === value
    return values === undefined ? fallback === value : values.includes(value)
  }

/** A test of a whole value. With a variable that the request does not have, nothing matches. */
export function compileTemplate(template: Template): TemplateTest {
  if (!template.some(isVariable)) return compile(resolve(template, nothing) ?? [['']])
  const [only] = template
  if (template.length === 1 && only !== undefined && isVariable(only)) return isOneOf(only)
  return (value, condition) => {
    const pattern = resolve(template, condition)
    return pattern !== undefined && compile(pattern)(value)
  }
}

/** The text of a template, for comparisons that are none of equality. Undefined where a variable is absent. */
export function textOf(template: Template, condition: ConditionValues): string | undefined {
  let text = ''
  for (const piece of template) {
    if (isWildcard(piece)) text += piece.wildcard
    else {
      const part = typeof piece === 'string' ? piece : valueOf(piece, condition)
      if (part === undefined) return undefined
      text += part
    }
  }
  return text
}

/** Splits a template at the colons that are written in it, into at most `most` parts. */
export function splitAtColons(template: Template, most: number): Template[] {
  const parts: (Piece | Wildcard)[][] = [[]]
  for (const piece of template) {
    if (typeof piece !== 'string') {
      parts.at(-1)?.push(piece)
      continue
    }
    let rest = piece
    while (parts.length < most) {
      const colon = rest.indexOf(':')
      if (colon < 0) break
      if (colon > 0) parts.at(-1)?.push(rest.slice(0, colon))
      parts.push([])
      rest = rest.slice(colon + 1)
    }
    if (rest !== '') parts.at(-1)?.push(rest)
  }
  return parts
}
