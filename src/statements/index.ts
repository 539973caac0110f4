// Statements: what members see of what they earned, what finance closes, and the exports of both.

export { type ClosedPeriod, type Closer, type CloseRefusal, type CloseResult, closePeriod, openingBefore, readClosedPeriods, statementDigest } from './close-period.ts'
export { COLUMN_LABELS, STATEMENT_COLUMNS, type StatementColumn } from './columns.ts'
export { type Export, type ExportContent, type Exporter, type ExportOrder, type ExportResult, openExport } from './exports.ts'
export { placeText, readPlace } from './keyset.ts'
export { maskName } from './mask.ts'
export { type Figures, type Member, rateText, readFigures } from './member-figures.ts'
export {
  HISTORY_LABELS, HISTORY_TYPES, type HistoryLine, type HistoryPage, type HistoryQuery, type HistoryType, historyPlaceText, readHistory, readHistoryPlace,
} from './member-history.ts'
export { type Invitee, type InviteePage, readInvitees, readTreeSize, type ReferralState, type TreeSize } from './member-invitees.ts'
export { medianHoldSeconds, memberBalances, memberDebts } from './member-money.ts'
export { DEBT_SENTENCES, debtReason, type DebtReason, holdSentence, type Sentence } from './member-texts.ts'
export { type Period, type PeriodInput, periodOf, type PeriodRefusal, zoneOf } from './period.ts'
export { readStatement, type Statement, type StatementDifference, type StatementLine, type StatementResult, type StatementScope } from './read-statement.ts'
export { type ExternalRow, type PaidPayout, readPaidPayouts, type TieOut, tieOut } from './tie-out.ts'
export { closedPeriodsVerifier } from './verify-periods.ts'
export { EXPORT_FORMATS, EXPORT_LANGUAGES, type ExportFormat, unitsText } from './write-table.ts'
