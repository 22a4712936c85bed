/** Every border that is tried. */
import { answers } from './answers.ts'
import { argv } from './argv.ts'
import type { AnyProperty } from './border.ts'
import { completion } from './completion.ts'
import { config } from './config.ts'
import { hermes } from './hermes.ts'
import { jobs } from './jobs.ts'
import { listings } from './listings.ts'
import { memory } from './memory.ts'
import { mqtt } from './mqtt.ts'
import { notes } from './notes.ts'
import { oddFiles } from './odd-files.ts'
import { pidMaps } from './pid-maps.ts'
import { registry } from './registry.ts'
import { screens } from './screens.ts'
import { secrets } from './secrets.ts'
import { transcripts } from './transcripts.ts'

export const BORDERS: readonly AnyProperty[] = [
  registry,
  config,
  transcripts,
  pidMaps,
  jobs,
  mqtt,
  listings,
  hermes,
  argv,
  screens,
  secrets,
  memory,
  completion,
  oddFiles,
  answers,
  notes,
].flat()
