/** A table of rows with a value, and the batch that puts one: what tests of commits write. */
import { table } from '../../ports/meta-store.ts'

export const rows = table<{ id: string; value: number }>({
  name: 'rows',
  key: { id: 'text' },
  columns: { value: 'int' },
})

export const put = (id: string, value: number) => ({
  writes: [{ put: rows, record: { id, value } }],
})
