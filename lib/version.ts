/** The package's version; a test holds it to package.json, so that no command has to read that file. */
export const VERSION = '0.1.0'
