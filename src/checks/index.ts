// The pre-credit check: asked before any credit, by hosts over HTTP and by our own crediting in process.

export { askBeforeCredit, type Asking, askWithNames, type CreditAnswer, type CreditNames, type CreditQuestion, type PreCreditCheck } from './ask-before-credit.ts'
export {
  type Caller, type CreditBatch, type CheckOutcome, type CheckRefusal, type Checks, type ChecksOptions, type ChecksState, createChecks, type ResolvedCheck,
} from './checks.ts'
export { checkAsJson, type CheckRow } from './check-records.ts'
export { type LookedUpAccount, lookUpAccounts } from './look-up.ts'
export type { CheckClaims, TokenRefusal, TokenResult } from './check-token.ts'
export {
  assetCode, CHECK_SUBJECTS, type CheckAnswer, checkAnswer, type CheckDecision, checkDecision, checkReason, type CheckReason, type CheckRequest, checkRequest, type CheckSubject,
  decimalAmount, externalId, logPosition, observation, type ObservationInput, programKey,
} from './request.ts'
