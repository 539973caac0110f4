// Keeping the books provable: seals over postings, the nightly verification, backup and restore.

export { sealJob, sealPostings } from './seal-postings.ts'
export { backUp, type BackedUp } from './back-up.ts'
export type { Manifest } from './backup-format.ts'
export { restore, type Restored } from './restore.ts'
export type { RestoreRefusal } from './restore-checks.ts'
export { type Figure, readBookFigures } from './book-figures.ts'
export { verifyAndKeep, verifyJob } from './nightly.ts'
