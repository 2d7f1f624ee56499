/** Tags of whatever IAM has: added and taken away in the same way for all of it. */
import type { Tag } from '../../ports/keyspace.ts'
import { requireTags } from './names.ts'
import type { Changes, Draft } from './records.ts'
import type { EntityRecord } from './tables.ts'

/** Tags with others laid over them; keys are the same without regard to case. */
function mergeTags(tags: readonly Tag[], more: readonly Tag[]): readonly Tag[] {
  const merged = new Map(tags.map(tag => [tag.Key.toLowerCase(), tag]))
  for (const tag of more) merged.set(tag.Key.toLowerCase(), tag)
  const result = [...merged.values()]
  requireTags(more)
  requireTags(result)
  return result
}

function withoutTags(tags: readonly Tag[], keys: readonly string[]): readonly Tag[] {
  const gone = new Set(keys.map(key => key.toLowerCase()))
  return tags.filter(tag => !gone.has(tag.Key.toLowerCase()))
}

export class Tags {
  readonly #changes: Changes
  readonly #find: (draft: Draft, name: string) => Promise<EntityRecord>

  /** `find`: by the name or ARN that its kind goes by. Throws NoSuchEntity. */
  constructor(changes: Changes, find: (draft: Draft, name: string) => Promise<EntityRecord>) {
    this.#changes = changes
    this.#find = find
  }

  /** Throws NoSuchEntity, InvalidInput, LimitExceeded. */
  add(account: string, name: string, tags: readonly Tag[]): Promise<void> {
    return this.#set(account, name, before => mergeTags(before, tags))
  }

  /** Throws NoSuchEntity. */
  remove(account: string, name: string, keys: readonly string[]): Promise<void> {
    return this.#set(account, name, before => withoutTags(before, keys))
  }

  #set(
    account: string,
    name: string,
    decide: (tags: readonly Tag[]) => readonly Tag[],
  ): Promise<void> {
    return this.#changes.change(account, async draft => {
      const record = await this.#find(draft, name)
      const tags = decide(record.document.tags)
      draft.put({ ...record, document: { ...record.document, tags } })
    })
  }
}
