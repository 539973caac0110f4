// The books: the only folder that writes money. Readers and pure computations of entries, and the one door that posts them.

export { accrualEntries, type Accrual, grantEntries, maturityEntries } from './accrual.ts'
export { type AttentionLine, readAttention } from './attention.ts'
export { type Allocation, allocate, moveEntries, type Part, wholeOf } from './allocation.ts'
export {
  type EntryLine, MEMBER_KINDS, type MemberKind, PLATFORM_KINDS, type PlatformKind, type Position, type PositionKind, type RebateKind, type TransferKind,
} from './book-accounts.ts'
export { type DebtCause, debtCausesOf, type OwedDebt } from './debt-causes.ts'
export { type Arrival, repaymentEntries } from './debts.ts'
export {
  applyEnforcement, debtsOf, type Enforced, type Enforcement, type EnforcementOrder, type EnforcementPlan, planEnforcement,
} from './enforcement.ts'
export { freezeEntries, releaseEntries } from './freeze.ts'
export { type AnsweredLine, type Excess, giveAnswerEntries, type HostAnswer, type Recovery, recoveryOf, spreadOver } from './host-answer.ts'
export { endHolds, type HoldEnd, type HoldEnding, type HoldSubject, type NewHold, type OpenHold, openHoldsOf, placeHold } from './holds.ts'
export { type Balance, balanceOf, balancesOf, type PositionFilter, positionsOf, positionsOfRebates } from './positions.ts'
export { lockMembers, type Posted, type Posting, type PostingRefusal, PostingRefused, postTransfer } from './post.ts'
export { atStakeOf, type RebateState, rebateStates } from './rebate-states.ts'
export { type RewardTransferPlan, rewardTransferPlan, type Settlement } from './reward-transfer.ts'
export { type Covered, customerRefundEntries, type MainBalance, rechargeEntries, spendEntries } from './spending.ts'
export { type TakeBack, takeBackEntries } from './take-back.ts'
export { entriesOf, inverseEntries } from './undo.ts'
export { BOOK_RULES, type Fault, verifyBooks, type VerifyOptions, type VerifyReport } from './verify.ts'
export { sealedText } from './verify-seals.ts'
export type { BookRule, Verifier, WrongRow } from './verifier.ts'
export {
  type PayoutDeductions, type PayoutPart, payoutPaidEntries, payoutPaidLateEntries, payoutRequestEntries, type PayoutReturn, payoutReturnEntries,
} from './payout-entries.ts'
export { restoreWriteOffs, writeOffEntries } from './write-off.ts'
