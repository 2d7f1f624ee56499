/** Why something is allowed or denied, in words for a terminal. */

export interface Judged {
  readonly kind: string
  readonly policy: string
  /** Null: not told. */
  readonly statements: number | null
  readonly about: number | null
}

export interface Lack {
  readonly what: string
  readonly resources?: readonly string[]
  readonly except?: boolean
  readonly operator?: string
  readonly key?: string
  readonly values?: readonly string[]
}

export interface Nearest {
  readonly policy: string
  readonly statement: number
  readonly sid: string | null
  readonly lacks: readonly Lack[]
}

/** Of a policy's ARN what people call it. */
const shortened = (policy: string): string => policy.replace(/^arn:aws:iam::[^:]*:/, '')

const several = (texts: readonly string[], most = 3): string =>
  texts.length <= most
    ? texts.join(', ')
    : `${texts.slice(0, most).join(', ')} and ${texts.length - most} more`

const counted = (count: number): string => `${count} statement${count === 1 ? '' : 's'}`

function judgedInWords({ kind, policy, statements, about }: Judged, action: string): string {
  if (kind === 'acl') return 'the ACL'
  if (statements === null) return `the ${policy} of another account, which is not told`
  const which = about === 0 ? `none about ${action}` : `${about} about ${action}`
  const role = kind === 'boundary' ? 'permissions boundary ' : ''
  return `${role}${shortened(policy)} (${counted(statements)}, ${which})`
}

function lackInWords(lack: Lack): string {
  const { resources = [], values = [] } = lack
  switch (lack.what) {
    case 'resource':
      return lack.except === true
        ? `on anything but ${several(resources)}`
        : `on ${several(resources)} only`
    case 'condition':
      return `its condition ${lack.operator} ${lack.key} ${several(values)} does not hold`
    case 'principal':
      return 'to others'
    default:
      return 'to the account, whose own policies must allow it too'
  }
}

function nearestInWords({ policy, statement, sid, lacks }: Nearest, action: string): string {
  const place = `${shortened(policy)}, statement ${statement}${sid === null ? '' : ` (${sid})`}`
  return `nearest: ${place} allows ${action}, but ${lacks.map(lackInWords).join('; ')}`
}

/** Lines on what was looked at and, where nothing allowed it, on what came nearest. */
export function whyLines(
  { judged, nearest }: { readonly judged: readonly Judged[]; readonly nearest: Nearest | null },
  action: string,
): readonly string[] {
  const looked = judged.map(one => judgedInWords(one, action)).join('; ')
  const near = nearest === null ? [] : [nearestInWords(nearest, action)]
  return [`looked at ${looked || 'no policy: there is none'}`, ...near].map(line => `  ${line}`)
}
