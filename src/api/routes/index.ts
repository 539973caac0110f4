// Every route there is: what the router serves, the document describes and the authorisation test walks through.

import type { ApiParts } from '../parts.ts'
import type { Route } from '../route.ts'
import { checkRoutes } from './checks.ts'
import { claimRoutes } from './claims.ts'
import { codeRoutes } from './codes.ts'
import { deliveryRoutes } from './delivery.ts'
import { eventRoutes } from './events.ts'
import { instructionRoutes } from './instructions.ts'
import { memberRoutes } from './members.ts'
import { type Operations, operationRoutes } from './operations.ts'
import { payeeRoutes } from './payees.ts'
import { payoutBatchRoutes } from './payout-batches.ts'
import { payoutDebtRoutes } from './payout-debts.ts'
import { payoutRoutes } from './payouts.ts'
import { planRoutes } from './plans.ts'
import { programRoutes } from './programs.ts'
import { questionRoutes } from './questions.ts'
import { reviewRoutes } from './review.ts'
import { standingRoutes } from './standing.ts'
import { statementRoutes } from './statements.ts'

export function routesOf(parts: ApiParts, operations: Operations): Route[] {
  return [
    ...checkRoutes(parts), ...eventRoutes(parts), ...questionRoutes(parts), ...codeRoutes(parts), ...claimRoutes(parts), ...memberRoutes(parts), ...reviewRoutes(parts), ...planRoutes(parts), ...programRoutes(parts), ...standingRoutes(parts), ...statementRoutes(parts), ...deliveryRoutes(parts), ...instructionRoutes(parts), ...payeeRoutes(parts), ...payoutRoutes(parts), ...payoutBatchRoutes(parts), ...payoutDebtRoutes(parts), ...operationRoutes(parts, operations),
  ]
}
