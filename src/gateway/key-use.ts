/** Tells when a key was last used, of requests whose signature was right. Temporary keys are nobody's to look after. */
import type { GatewayParts } from './parts.ts'

/** What claims of all kinds say of the key; the oldest signatures name neither service nor region. */
interface Used {
  readonly accessKeyId: string
  readonly sessionToken?: string | undefined
  readonly service?: string
  readonly region?: string
}

export function noteUse({ access, options }: GatewayParts, claim: Used): void {
  const { accessKeyId, sessionToken = '', service = '', region = '' } = claim
  if (sessionToken !== '') return
  const { uses } = access.iam
  uses.note(accessKeyId, service === '' ? 's3' : service, region === '' ? options.region : region)
}
