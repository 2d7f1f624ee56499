/** Every route there is. */
import type { Route } from '../route.ts'
import { bucketRoutes } from './buckets.ts'
import { volumeRoutes } from './volumes.ts'

export const routes: readonly Route[] = [...volumeRoutes, ...bucketRoutes]
