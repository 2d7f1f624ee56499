/** Resource and NotResource: what a statement is about. */
import { PolicyError } from './errors.ts'
import type { ConditionValues } from './request.ts'
import {
  compileTemplate,
  isVariable,
  keysOf,
  parseTemplate,
  splitAtColons,
  type TemplateTest,
} from './templates.ts'
import { compile, parsePattern } from './wildcards.ts'

export interface Resources {
  /** Condition keys in variables. */
  readonly keys: readonly string[]
  /** As written. */
  readonly texts: readonly string[]
  readonly matches: (resource: string, condition: ConditionValues) => boolean
}

const bucketArn = /^arn:aws:s3::[^:*?]*:(.+)$/s
const tenant = /^(arn:aws:s3:):[^:]+:/

/** A bucket policy speaks of its own bucket and the keys in it, or by wildcards of more than that, but in an ARN. */
function requireOwn(text: string, bucket: string | undefined): void {
  const path = bucketArn.exec(text)?.[1]
  if (path === undefined) throw new PolicyError('Policy has invalid resource')
  if (bucket === undefined) return
  const slash = path.indexOf('/')
  const name = slash < 0 ? path : path.slice(0, slash)
  if (!compile(parsePattern(name))(bucket)) throw new PolicyError('Policy has invalid resource')
}

function requireArn(text: string): void {
  if (text === '*') return
  const parts = splitAtColons(parseTemplate(text, { variables: true, wildcards: false }), 6)
  if (parts[0]?.length !== 1 || parts[0][0] !== 'arn' || parts.length < 6) {
    throw new PolicyError(`Resource ${text} must be in ARN format or "*".`)
  }
}

export interface ResourceOptions {
  readonly variables: boolean
  /** Of a bucket policy: whose resources they must be. */
  readonly bucket?: { readonly name: string | undefined } | undefined
}

/** Compiles the ARNs of a statement. Throws PolicyError. */
export function compileResources(texts: readonly string[], options: ResourceOptions): Resources {
  const exact = new Set<string>()
  const tests: TemplateTest[] = []
  const keys: string[] = []
  for (const text of texts) {
    if (options.bucket === undefined) requireArn(text)
    else requireOwn(text, options.bucket.name)
    // Where a bucket is clear, the tenant that RGW's ARNs name says nothing.
    const arn = options.bucket === undefined ? text : text.replace(tenant, '$1::')
    const template = parseTemplate(arn, { variables: options.variables, wildcards: true })
    keys.push(...keysOf(template))
    const [only, ...more] = template
    if (typeof only === 'string' && more.length === 0) exact.add(only)
    else tests.push(compileTemplate(template))
    if (template.some(isVariable) && template[0] !== undefined && isVariable(template[0])) {
      throw new PolicyError('Policy has invalid resource')
    }
  }
  return { keys, texts, matches: join(exact, tests) }
}

function join(exact: ReadonlySet<string>, tests: readonly TemplateTest[]): Resources['matches'] {
  const [only] = tests
  if (exact.size === 0 && only !== undefined && tests.length === 1) return only
  if (tests.length === 0) return resource => exact.has(resource)
  return (resource, condition) => {
    if (exact.has(resource)) return true
    for (const test of tests) if (test(resource, condition)) return true
    return false
  }
}
