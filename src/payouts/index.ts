// Payouts: who may be paid and where to, requests, approval, sending by a bank's file or a processor, what comes back, and debts given up.

export { type BankAccountInput, bankAccountInput } from './bank-account.ts'
export { CONFIRMATION_COLUMNS, ORDER_COLUMNS } from './bank-file.ts'
export { type Batch, BATCH_MAX, type BatchAnswer, type BatchFile, exportBatchFile, type LeftOut, makeBatch, readBatch, releaseBatch } from './batches.ts'
export { type ConfirmationAnswer, type LineOutcome, type LineResult, takeConfirmation } from './confirmations.ts'
export { approvePayout, cancelPayout, type DecisionRefusal, type PayoutDecision, resolveHeldPayouts } from './decide-payout.ts'
export type { AskingDesk, PayoutDesk } from './desk.ts'
export {
  addDestination, approveDestination, CHANGE_WAITS_DAYS, type Destination, type DestinationAnswer, type DestinationApproval, type DestinationInput, destinationsOf, type NewDestination,
} from './destinations.ts'
export { readPayoutFigures } from './payout-figures.ts'
export { type Payee, type PayeeFacts, payeeOf, recordPayee } from './payees.ts'
export type { PayoutMethod, PayoutRow } from './payout-row.ts'
export type { Processor, ProcessorAnswer, ProcessorEvent, ProcessorOrder, ProcessorStep } from './processor.ts'
export { type EventAnswer, takeProcessorEvent } from './processor-events.ts'
export { exportYear, listPayouts, type PayoutDetail, type PayoutPage, type PayoutView, readPayout, YEARLY_COLUMNS } from './read-payouts.ts'
export { referenceOf } from './reference.ts'
export { type PayoutRequest, type PayoutRequestAnswer, type PayoutRequestRefusal, requestPayout } from './request-payout.ts'
export { sendPayoutsJob } from './send-job.ts'
export { type Sender, sendPayouts, type SendReport } from './send-payouts.ts'
export { PAYOUT_STATES, type PayoutState, PAYOUT_STEPS, type PayoutStep, stateAfter } from './states.ts'
export { createStripeProcessor, STRIPE_API_VERSION, type StripeOptions } from './stripe-processor.ts'
export { approveWriteOff, type Debt, proposeWriteOff, readDebts, restoreWriteOff, type WriteOff, type WriteOffAnswer } from './write-offs.ts'
