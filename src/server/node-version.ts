/** Whether this Node can run Moongate. Imports nothing, so that an old one can load it. */

export const neededNode = 26

/** One sentence for a Node that is too old, else undefined. `version` as `process.version` has it. */
export function nodeComplaint(version: string): string | undefined {
  const major = Number(/^v(\d+)\./.exec(version)?.[1])
  if (major >= neededNode) return undefined
  return `Moongate needs Node ${neededNode} or newer; this is ${version}.`
}
