/** Who a request comes from, however it was authenticated. */
export interface Principal {
  readonly kind: 'anonymous' | 'account'
  /** Canonical id (64 hex digits); empty for anonymous. */
  readonly canonicalId: string
  /** Twelve digits. */
  readonly accountNumber: string
  readonly displayName: string
  readonly volume: string
  /** Empty for anonymous. */
  readonly accessKeyId: string
  readonly isRoot: boolean
}
