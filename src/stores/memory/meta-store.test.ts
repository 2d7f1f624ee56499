/** The MetaStore in memory keeps the contract. */
import { metaStoreContract } from '../../ports/meta-store.contract.ts'
import { openMemoryMetaStore } from './meta-store.ts'

metaStoreContract('memory', async tables => {
  const store = openMemoryMetaStore(tables)
  return { stores: [store], close: () => store.close() }
})
