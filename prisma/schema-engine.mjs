#!/usr/bin/env node
// Stands where Prisma's tools expect their native schema engine: an executable file that starts schema-engine.ts.
import { register } from 'tsx/esm/api'

register()
await import('./schema-engine.ts')
