/** What a check tells: findings as they come, how far it is, and a summary at the end. */

/**
 * `missing`: bytes that a record refers to are not there. `unreadable`: they could not be read, or are too few.
 * `damaged`: they are not those that were written. `size`: sizes contradict each other. `count`: a reference count
 * is wrong. `head`: what a key's head says is not what the key has. `row`: a record that should not be there.
 */
export type FindingKind = 'missing' | 'unreadable' | 'damaged' | 'size' | 'count' | 'head' | 'row'

export interface Finding {
  readonly kind: FindingKind
  /** Name of the bucket, or its id where no bucket has it. */
  readonly bucket?: string | undefined
  readonly key?: string | undefined
  readonly versionId?: string | undefined
  /** Of the blob, body, manifest or upload that it is about. */
  readonly id?: string | undefined
  /** A sentence without its subject. */
  readonly what: string
  readonly repaired: boolean
}

export interface CheckProgress {
  /** What it is at: counting what there is to read, reading it, or comparing rows of counts and blobs with it. */
  readonly step: 'count' | 'read' | 'compare'
  readonly objects: number
  readonly objectsTotal: number
  readonly bytes: number
  readonly bytesTotal: number
  /** Rows that were compared so far. */
  readonly rows: number
}

export interface CheckOptions {
  /** Only this bucket's objects; counts and orphans, which concern all, are then left out. Its id. */
  readonly bucket: string | undefined
  readonly repair: boolean
  readonly onFinding: (finding: Finding) => void
  readonly onProgress: (progress: CheckProgress) => void
}

export interface CheckReport {
  /** Versions that were read; delete markers have no bytes and do not count. */
  objects: number
  bytes: number
  parts: number
  problems: number
  repaired: number
  /** What is waiting for the sweep: no fault, merely space. */
  leftoverBlobs: number
  leftoverBytes: number
  /** Of those, what this check took away. */
  released: number
}

/** What the steps of one check share. */
export class CheckRun {
  readonly options: CheckOptions
  readonly report: CheckReport = {
    objects: 0,
    bytes: 0,
    parts: 0,
    problems: 0,
    repaired: 0,
    leftoverBlobs: 0,
    leftoverBytes: 0,
    released: 0,
  }
  readonly names: ReadonlyMap<string, string>
  /** Something lost its bytes: then nothing is released, for it may be what is missed. */
  lostBytes = false
  #objectsTotal = 0
  #bytesTotal = 0
  #rows = 0

  /** `names` of the buckets by their ids. */
  constructor(options: CheckOptions, names: ReadonlyMap<string, string>) {
    this.options = options
    this.names = names
  }

  find(finding: Finding): void {
    this.report.problems += 1
    if (finding.repaired) this.report.repaired += 1
    if (finding.kind === 'missing') this.lostBytes = true
    this.options.onFinding(finding)
  }

  expect(bytes: number): void {
    this.#objectsTotal += 1
    this.#bytesTotal += bytes
    this.#tell('count')
  }

  done(bytes: number): void {
    this.report.objects += 1
    this.report.bytes += bytes
    this.#tell('read')
  }

  compared(): void {
    this.#rows += 1
    this.#tell('compare')
  }

  #tell(step: CheckProgress['step']): void {
    const { objects, bytes } = this.report
    this.options.onProgress({
      step,
      objects,
      objectsTotal: this.#objectsTotal,
      bytes,
      bytesTotal: this.#bytesTotal,
      rows: this.#rows,
    })
  }
}
