/** Puts the house together: stores, accounts, buckets and the gateway, from a configuration. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Access, createAccess } from '../access/accounts.ts'
import type { MasterKey } from '../access/seal.ts'
import { accessTables } from '../access/tables.ts'
import { AdminApi } from '../admin/api.ts'
import { createAttempts } from '../admin/sign-in/attempts.ts'
import { SignIn } from '../admin/sign-in/sign-in.ts'
import { BodyIds } from '../buckets/body-ids.ts'
import { PlainBuckets } from '../buckets/buckets.ts'
import { type Core, usualThresholds } from '../buckets/core.ts'
import { digester } from '../buckets/digester.ts'
import { KeyQueue } from '../buckets/key-queue.ts'
import { ObjectCache } from '../buckets/object-cache.ts'
import { OpenReads } from '../buckets/open-reads.ts'
import { bodiesTable, bucketTables } from '../buckets/tables.ts'
import { createGateway } from '../gateway/gateway.ts'
import type { Handler } from '../gateway/message.ts'
import type { GatewayParts } from '../gateway/parts.ts'
import { operations } from '../operations/index.ts'
import type { BlobStore } from '../ports/blob-store.ts'
import { systemClock } from '../ports/clock.ts'
import { type MetaStore, scan } from '../ports/meta-store.ts'
import { openFileBlobs } from '../stores/files/blob-store.ts'
import { createReserve, Reserve } from '../stores/files/reserve.ts'
import { claimBlobs } from '../stores/files/store-id.ts'
import { openMemoryBlobs } from '../stores/memory/blob-store.ts'
import { openSqlite, type SqliteStore } from '../stores/sqlite/store.ts'
import { readyChecksums } from '../wire/checksums/hashers.ts'
import { imagine, withAdmin } from './admin-paths.ts'
import { type Config, newBuckets } from './config.ts'
import { createFetcher } from './fetcher.ts'
import { addressTest } from './networks.ts'
import { isOfOtherKey, withVolumePerKey } from './volume-per-key.ts'

/**
 * Raised when an older program must not open what this one writes. 2: keys are those of users, buckets have policies, and
 * blobs another checksum: the program of 1 would take a user for the account's root and every blob for damaged.
 */
const dataVersion = 2

export const databaseFile = (config: Config): string =>
  config.memory ? ':memory:' : join(config.data, 'moongate.db')

/** How often it is looked which keys' last uses are to be written. */
const usesMs = 60_000

const tables = [...bucketTables, ...accessTables]

/** What one thread has of the house. */
export interface House {
  readonly handler: Handler
  readonly store: SqliteStore
  readonly access: Access
  readonly buckets: PlainBuckets
  readonly core: Core
  /** Counts of failed sign-ins, which all workers of the process share. */
  readonly attempts: SharedArrayBuffer
  close(): Promise<void>
}

export interface HouseOptions {
  readonly config: Config
  readonly masterKey: MasterKey
  /** What the connections of the process share; the first one of a process makes it. */
  readonly shared: SharedArrayBuffer | undefined
  /** Of signing in, likewise. */
  readonly attempts?: SharedArrayBuffer | undefined
  /** Of the data folder; undefined in memory. */
  readonly reserve: Reserve | undefined
  /** When the process began, in milliseconds since the epoch. */
  readonly started: number
  /** Which worker of the process this is, from 0. */
  readonly index: number
  /** Called when the disk did not keep what was written; left out, the process ends. */
  readonly onFatal?: ((error: unknown) => void) | undefined
  /** Told as soon as the database is open, before anything is written. */
  readonly onConnected?: (store: SqliteStore) => void
}

async function openBlobs({ config, reserve }: HouseOptions): Promise<BlobStore> {
  return config.memory ? openMemoryBlobs() : await openFileBlobs({ folder: config.data, reserve })
}

/** For the reserve of a data folder that this process has locked. In memory there is none. */
export function reserveOf(config: Config, shared = createReserve()): Reserve | undefined {
  return config.memory ? undefined : new Reserve({ folder: config.data, shared })
}

/** Ids of bodies rise; those of this process begin above all that are there. */
async function greatestBodyId(store: MetaStore): Promise<number> {
  const last = scan(bodiesTable, { at: [], limit: 1, reverse: true, columns: [] })
  const { scans } = await store.read({ scans: [last] }, { tentative: true })
  const [entry] = scans[0].entries
  return typeof entry === 'object' ? entry.id : 0
}

const gatewayOptions = (config: Config): GatewayParts['options'] => ({
  region: config.region,
  newBuckets: newBuckets(config),
  sigv2: config.sigv2,
  insecure: config.insecure,
  domains: config.domain,
  prefix: config.prefix,
  publicUrl: config.publicUrl,
  corsOrigins: config.corsOrigin,
  trusts: addressTest(config.trustedProxy),
})

/** Writes now and then when keys were last used. Returns the way to stop, which writes the rest. */
function recordUses({ iam }: Access): () => Promise<void> {
  // What cannot be written is tried again the next time; nothing else depends on it.
  const write = (all = false) => iam.uses.flush(all).catch(() => undefined)
  const timer = setInterval(() => void write(), usesMs).unref()
  return () => {
    clearInterval(timer)
    return write(true)
  }
}

/** Opens everything that a thread needs to answer. Rejects as the stores do. */
export async function openHouse(options: HouseOptions): Promise<House> {
  const { config, masterKey, shared, reserve, started, index, onConnected, onFatal } = options
  const clock = systemClock
  const store = openSqlite({
    path: databaseFile(config),
    tables,
    version: dataVersion,
    ...(shared === undefined ? {} : { shared }),
    durability: config.memory ? 'none' : 'synced',
    reserve,
    onFatal,
  })
  onConnected?.(store)
  const [blobs] = await Promise.all([openBlobs(options), readyChecksums()])
  const access = createAccess({ store, masterKey, clock })
  const stopUses = recordUses(access)
  const core: Core = {
    digester,
    store,
    blobs,
    clock,
    bodyIds: new BodyIds(index, clock, await greatestBodyId(store)),
    queue: new KeyQueue(),
    reads: new OpenReads(index, store.room),
    cache: new ObjectCache(store, config.cacheSize),
    inlineMax: config.inlineMax,
    thresholds: usualThresholds,
    started,
    ownsBlobs: config.memory || claimBlobs(config.data, store.storeId),
    wait,
    random: randomBytes,
  }
  const buckets = new PlainBuckets(core)
  const gatewayParts: GatewayParts = {
    options: gatewayOptions(config),
    access: config.volumePerKey ? withVolumePerKey(access) : access,
    buckets,
    operations,
    clock,
    fetcher: createFetcher(),
    lacksRoom: bytes => reserve !== undefined && lacksRoom(reserve, bytes, config.inlineMax),
  }
  const api = new AdminApi({
    access,
    buckets,
    clock,
    region: config.region,
    newBuckets: newBuckets(config),
    isOfOtherKey: config.volumePerKey ? isOfOtherKey : () => false,
    imagine: imagine(config.region, () => clock.now()),
  })
  const { fetcher } = gatewayParts
  const { attempts = createAttempts() } = options
  const signIn = new SignIn({ access, fetcher, clock, settings: config.admin, attempts })
  const handler = withAdmin(createGateway(gatewayParts), { api, signIn }, gatewayParts)
  return {
    handler,
    store,
    access,
    buckets,
    core,
    attempts,
    async close() {
      access.close()
      await stopUses()
      await blobs.close()
      await store.close()
    },
  }
}

/** What is small goes into the database, which may have room of its own. */
function lacksRoom(reserve: Reserve, bytes: number | undefined, inlineMax: number): boolean {
  if (!reserve.full) return false
  return bytes === undefined || bytes > inlineMax || !reserve.allowsSmall
}
