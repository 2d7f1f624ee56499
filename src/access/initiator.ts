/** Who began a multipart upload, as its record says it, and how somebody stands to that. */
import type { Principal } from './principal.ts'

/** An account's root, or with its account who within it: the ARNs of a volume's administrators name no account. */
export interface Initiator {
  /** Canonical id. */
  readonly account: string
  /** Undefined: the root. */
  readonly arn: string | undefined
}

/** As a record keeps it: ids of accounts have no blanks. */
export function initiatorOf({ canonicalId, identity }: Principal): string {
  return identity.kind === 'root' || identity.kind === 'anonymous'
    ? canonicalId
    : `${canonicalId} ${identity.arn}`
}

export function readInitiator(text: string): Initiator {
  const blank = text.indexOf(' ')
  if (blank < 0) return { account: text, arn: undefined }
  return { account: text.slice(0, blank), arn: text.slice(blank + 1) }
}

/** 'account': of the initiator's account, which has a say in what is its own users'. */
export type Standing = 'initiator' | 'account' | undefined

export function standingTo(initiator: string, principal: Principal): Standing {
  // Nobody in particular is not who another nobody in particular was.
  if (principal.kind === 'anonymous') return undefined
  if (initiator === initiatorOf(principal)) return 'initiator'
  return readInitiator(initiator).account === principal.canonicalId ? 'account' : undefined
}
