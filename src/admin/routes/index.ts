/** Every route there is. */
import type { Route } from '../route.ts'
import { accountRoutes } from './accounts.ts'
import { bucketRoutes } from './buckets.ts'
import { inlinePolicyRoutes } from './inline-policies.ts'
import { keyRoutes } from './keys.ts'
import { linkPolicyRoutes } from './link-policies.ts'
import { openApiRoute } from './openapi.ts'
import { policyRoutesOfAll } from './policies.ts'
import { simulatorRoutes } from './simulator.ts'
import { identityRoutes } from './users.ts'
import { volumeRoutes } from './volumes.ts'

export const routes: readonly Route[] = [
  ...volumeRoutes,
  ...bucketRoutes,
  ...linkPolicyRoutes,
  ...accountRoutes,
  ...identityRoutes,
  ...keyRoutes,
  ...policyRoutesOfAll,
  ...inlinePolicyRoutes,
  ...simulatorRoutes,
  openApiRoute(() => routes),
]
