// Accounts, identifiers, observations and events: how they come in, how they are read in bulk and followed as logs.

export { type AccountRow, findAccounts, organisationHash, readExternalIds, recordAccounts, recordParents } from './accounts.ts'
export { type BatchDescription, type OpenBatch, closeBatch, openBatch } from './batches.ts'
export { BinaryRows, type RowView, copyIn, copyOut } from './binary-copy.ts'
export { type EventRow, type EventType, eventContentDigest, eventKey, itemHash, storeEvents } from './events.ts'
export { IdIndex } from './id-index.ts'
export { IdentifierDoor, type ObservedIdentifier, recordObservations } from './identifier-door.ts'
export { type LoadedPopulation, type LoadOptions, loadPopulation } from './load-population.ts'
export { LOG_START, type LogName, type LogPage, type LogPosition, type LogRows, readLog } from './logs.ts'
export { type OneObservation, recordObservation } from './observe.ts'
export { withPopulationLock } from './population-lock.ts'
export { type Rotation, rotateIdentifierKey } from './rotate-identifiers.ts'
export { inBulkTransaction, inSnapshot, transactionsSeen } from './snapshot.ts'
