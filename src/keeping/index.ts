// Keeping the books provable: seals over postings, the nightly verification, backup and restore.

export { sealJob, sealPostings } from './seal-postings.ts'
