#!/usr/bin/env node
// The `ringfence` command: starts the TypeScript sources as they are, without a build step.
import { register } from 'tsx/esm/api'

register()
await import('../main.ts')
