import { realpathSync } from 'node:fs'
import { jobsFolder } from '#lib/jobs/store.ts'
import { requireRegistry } from '#lib/registry/locate.ts'
import { currentFolder } from '../current-folder.ts'
import type { Parsed } from '../flags.ts'

export interface JobPlaces {
  /** The registry as a person would name it. */
  yamlPath: string
  registryPath: string
  folder: string
}

/** The jobs that are meant: those beside the registry. CodedError `no-registry`. */
export function jobPlaces(flags: Parsed): JobPlaces {
  const yamlPath = requireRegistry({ flag: flags.text('registry'), env: process.env, cwd: currentFolder() })
  const registryPath = realpathSync(yamlPath)
  return { yamlPath, registryPath, folder: jobsFolder(registryPath) }
}
