// Mixed load that remembers what it was told, and judges afterwards whether that is so.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type Answer, type Client, element } from '../client.ts'

/** A key's contents, named so that its bytes can be made again; undefined: absent. */
interface Content {
  readonly tag: string
  readonly size: number
}

/** Numbers between 0 and 1 that come again with the same seed. */
export function numbers(seed: string): () => number {
  let count = 0
  return () => {
    count += 1
    return createHash('sha256').update(`${seed}/${count}`).digest().readUInt32BE() / 2 ** 32
  }
}

export function bytesOf({ tag, size }: Content): Buffer {
  const block = createHash('sha256').update(tag).digest()
  return Buffer.concat(Array.from({ length: Math.ceil(size / 32) }, () => block)).subarray(0, size)
}

class Refused extends Error {
  override readonly name = 'Refused'
}

/** Every key has one writer, so its states come in an order. */
export class Load {
  /** The states that a key may be in: the last that was acknowledged, and those that were begun after it. */
  readonly #possible = new Map<string, (Content | undefined)[]>()
  readonly #bucket: string
  acknowledged = 0
  /** Answers that a sound server does not give. */
  readonly refusals: string[] = []

  constructor(bucket: string) {
    this.#bucket = bucket
  }

  /** One write after the other until stopped or until the server is gone. */
  async lane(client: Client, name: string, goesOn: () => boolean): Promise<void> {
    const random = numbers(name)
    for (let count = 0; goesOn(); count += 1) {
      const key = `${name.split('/').at(-1)}/${Math.floor(random() * 12)}`
      const kind = random()
      const size = Math.ceil(random() * (kind < 0.6 ? 4000 : 300_000))
      const next = kind > 0.85 ? undefined : { tag: `${name}/${count}`, size }
      const past = this.#possible.get(key) ?? [undefined]
      this.#possible.set(key, [...past, next])
      try {
        await this.#write(client, key, { next, kind })
      } catch (error) {
        if (error instanceof Refused) this.refusals.push(`${key}: ${error.message}`)
        continue
      }
      this.#possible.set(key, [next])
      this.acknowledged += 1
    }
  }

  async #write(client: Client, key: string, write: { next: Content | undefined; kind: number }) {
    const { next, kind } = write
    const target = `/${this.#bucket}/${key}`
    const told = (answer: Answer) => {
      if (answer.status >= 300 || answer.text.includes('<Error>')) throw new Refused(answer.text)
      return answer
    }
    if (next === undefined) told(await client.delete(target))
    else if (kind < 0.75) told(await client.put(target, bytesOf(next)))
    else {
      const { text } = told(await client.post(`${target}?uploads`))
      const uploadId = element(text, 'UploadId')
      const part = `${target}?partNumber=1&uploadId=${uploadId}`
      const { headers } = told(await client.put(part, bytesOf(next)))
      const item = `<Part><PartNumber>1</PartNumber><ETag>${headers['etag']}</ETag></Part>`
      const document = `<CompleteMultipartUpload>${item}</CompleteMultipartUpload>`
      told(await client.post(`${target}?uploadId=${uploadId}`, document))
    }
  }

  /** Reads every key: each holds the last state that was acknowledged or a whole later one, and the list agrees. */
  async verify(client: Client): Promise<void> {
    const listed = new Set(await client.keys(this.#bucket))
    for (const [key, states] of this.#possible) {
      const answer = await client.get(`/${this.#bucket}/${key}`)
      assert.ok(answer.status === 200 || answer.status === 404, `${key}: ${answer.status}`)
      const found = states.findLast(state =>
        state === undefined
          ? answer.status === 404
          : answer.status === 200 && answer.bytes.equals(bytesOf(state)),
      )
      const known = found !== undefined || (answer.status === 404 && states.includes(undefined))
      assert.ok(known, `${key} holds ${answer.bytes.length} bytes that nobody left there`)
      assert.equal(listed.delete(key), answer.status === 200, `${key} is listed if it is there`)
      // What stands there now has been seen, so it may not go away any more.
      this.#possible.set(key, [found])
    }
    assert.deepEqual([...listed], [], 'keys that nobody wrote')
  }
}
