/** One policy before one request. */
import type { Policy, Statement } from './policy.ts'
import type { Naming } from './principals.ts'
import type { AccessRequest } from './request.ts'

export interface Match {
  /** Undefined: the policy says nothing about it. */
  readonly effect: 'Allow' | 'Deny' | undefined
  /** The one that decided. */
  readonly statement: Statement | undefined
  /** How the statement names the caller: of several that allow, the one that names it most closely decides. */
  readonly naming?: Naming
}

const silent: Match = { effect: undefined, statement: undefined }
const closeness: Readonly<Record<Naming, number>> = { account: 1, role: 2, itself: 3 }

/** Any Deny that applies wins over every Allow. */
export function evaluate(policy: Policy, request: AccessRequest): Match {
  let allowed: Match = silent
  let close = 0
  for (const statement of policy.about(request.action)) {
    const { effect } = statement
    if (effect === 'Allow' && close === closeness.itself) continue
    const naming = statement.concerns(request)
    if (naming === undefined) continue
    if (effect === 'Deny') return { effect, statement, naming }
    if (closeness[naming] > close) {
      close = closeness[naming]
      allowed = { effect, statement, naming }
    }
  }
  return allowed
}
