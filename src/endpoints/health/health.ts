/** Whether the server lives, and whether it is ready: for whoever sends it traffic. Anybody may ask. */

export interface Health {
  /** 'starting' until declared buckets exist, 'draining' after it was asked to stop. */
  readonly state: 'starting' | 'ready' | 'draining'
  /** Whether the disk is full, so that objects are read and deleted only. */
  readonly diskFull?: boolean
}

export interface PlainAnswer {
  readonly status: number
  readonly contentType: string
  readonly text: string
}

const json = 'application/json'

/** `live`: the process answers. `ready`: it wants requests. Undefined for another path. */
export function answerHealth(path: string, { state, diskFull }: Health): PlainAnswer | undefined {
  if (path === '/-/health/live')
    return { status: 200, contentType: json, text: '{"status":"live"}' }
  if (path !== '/-/health/ready') return undefined
  return {
    status: state === 'ready' ? 200 : 503,
    contentType: json,
    // Who sends it no traffic any more keeps his users from making room.
    text: JSON.stringify({ status: state, ...(diskFull === true ? { disk: 'full' } : {}) }),
  }
}
