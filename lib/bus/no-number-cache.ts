/** mqtt-packet, below mqtt.js and aedes, keeps 65,536 small Buffers from its first packet on: 13 MB for a process that stays
 * up for weeks and sends a packet now and then. */
import { writeToStream } from 'mqtt-packet'

writeToStream.cacheNumbers = false
