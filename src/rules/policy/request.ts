/** What a request brings before a policy: who asks for which action on what, under which circumstances. */

export interface Caller {
  readonly kind: 'anonymous' | 'root' | 'user' | 'assumed-role' | 'federated-user'
  /** Twelve digits; '' for anonymous. */
  readonly account: string
  /** '' for anonymous. */
  readonly canonicalId: string
  /** What a Principal element may name it by: its own ARN; for a session also its role's. */
  readonly arns: readonly string[]
  /** Unique id of a user (`AIDA…`), or of a session (`AROA…:name`), which nobody else ever has. */
  readonly userId?: string | undefined
  /** That of the role of a session. */
  readonly roleId?: string | undefined
}

/** The values of a condition key, which is asked for in lower case. Undefined: the request does not have it. */
export type ConditionValues = (key: string) => string | readonly string[] | undefined

export interface AccessRequest {
  readonly caller: Caller
  /** With its vendor, as `s3:GetObject`. */
  readonly action: string
  /** ARN. */
  readonly resource: string
  readonly condition: ConditionValues
}
