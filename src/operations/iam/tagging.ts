/** Tagging and untagging, alike for all entities of IAM that have tags. */
import type { IdentityStore } from '../../access/identities/identities.ts'
import type { Tags } from '../../access/identities/tags.ts'
import type { Tag } from '../../model/iam-shapes.gen.ts'
import {
  type Nothing,
  nothing,
  type QueryContext,
  type QueryOperation,
  type Target,
} from '../query-operation.ts'
import { requestTags } from './answers.ts'

interface Taggable {
  readonly tags: Tags
}

interface Tagged<Named> {
  /** As the actions end: `User` of `iam:TagUser`. */
  readonly noun: string
  readonly target: (input: Named, context: QueryContext) => Promise<Target>
  /** Name or ARN. */
  readonly nameOf: (input: Named) => string
  readonly entities: (store: IdentityStore) => Taggable
}

interface Tagging<Named> {
  readonly tag: QueryOperation<Named & { readonly Tags: readonly Tag[] }, Nothing>
  readonly untag: QueryOperation<Named & { readonly TagKeys: readonly string[] }, Nothing>
}

export function taggingOf<Named>({
  noun,
  target,
  nameOf,
  entities,
}: Tagged<Named>): Tagging<Named> {
  return {
    tag: {
      action: `iam:Tag${noun}`,
      async target(input, context) {
        const found = await target(input, context)
        return { ...found, facts: { ...found.facts, ...requestTags(input.Tags) } }
      },
      async run(input, { store, account }) {
        await entities(store).tags.add(account.id, nameOf(input), input.Tags)
        return nothing
      },
    },
    untag: {
      action: `iam:Untag${noun}`,
      async target(input, context) {
        const found = await target(input, context)
        return { ...found, facts: { ...found.facts, 'aws:tagkeys': input.TagKeys } }
      },
      async run(input, { store, account }) {
        await entities(store).tags.remove(account.id, nameOf(input), input.TagKeys)
        return nothing
      },
    },
  }
}
