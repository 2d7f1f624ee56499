/** Who began a multipart upload, as its record says it, and how somebody stands to that. */
import type { Principal } from './principal.ts'

/** An account's root, or with its account who within it: the ARNs of a volume's administrators name no account. */
export interface Initiator {
  /** Canonical id. */
  readonly account: string
  /** As it was then. Undefined: the root. */
  readonly arn: string | undefined
  /** Of the user, or of the role with the session's name. Undefined: the root, and what older releases wrote. */
  readonly id: string | undefined
}

/** As a record keeps it: neither accounts' ids nor ARNs have blanks. */
export function initiatorOf({ canonicalId, identity }: Principal): string {
  return identity.kind === 'root' || identity.kind === 'anonymous'
    ? canonicalId
    : `${canonicalId} ${identity.arn} ${identity.userId}`
}

export function readInitiator(text: string): Initiator {
  const [account = '', arn, id] = text.split(' ')
  return { account, arn, id }
}

/** 'account': of the initiator's account, which has a say in what is its own users'. */
export type Standing = 'initiator' | 'account' | undefined

export function standingTo(initiator: string, principal: Principal): Standing {
  // Nobody in particular is not who another nobody in particular was.
  if (principal.kind === 'anonymous') return undefined
  const { account, arn, id } = readInitiator(initiator)
  if (account !== principal.canonicalId) return undefined
  const { identity } = principal
  if (arn === undefined) return identity.kind === 'root' ? 'initiator' : 'account'
  // A name may be another's tomorrow.
  const same = id === undefined ? arn === identity.arn : id === identity.userId
  return same ? 'initiator' : 'account'
}
