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

/** Who sends no credentials. Without an account it stands in no volume but the one that it addresses. */
export const anonymousIn = (volume: string): Principal => ({
  kind: 'anonymous',
  canonicalId: '',
  accountNumber: '',
  displayName: '',
  volume,
  accessKeyId: '',
  isRoot: false,
})
