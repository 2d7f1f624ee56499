/** The BlobStore in memory keeps the contract. */
import { blobStoreContract } from '../../ports/blob-store.contract.ts'
import { openMemoryBlobs } from './blob-store.ts'

blobStoreContract('memory', async () => openMemoryBlobs())
