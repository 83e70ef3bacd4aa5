/** A UDP datagram in an Ethernet frame, with source addresses that may be lies */
export interface UdpFrame {
  readonly sourceMac: string
  readonly targetMac: string
  readonly source: string
  readonly target: string
  readonly port: number
  readonly payload: string
}

const ETHERNET_BYTES = 14
const IPV4_BYTES = 20
const UDP_BYTES = 8
const UDP_PROTOCOL = 17

/** Encodes a frame; the UDP checksum is left out, as RFC 768 allows */
export function encodeUdpFrame(frame: UdpFrame): Buffer {
  const payload = Buffer.from(frame.payload)
  const bytes = Buffer.alloc(ETHERNET_BYTES + IPV4_BYTES + UDP_BYTES + payload.length)
  bytes.set(macBytes(frame.targetMac), 0)
  bytes.set(macBytes(frame.sourceMac), 6)
  bytes.writeUInt16BE(0x0800, 12)
  const ip = bytes.subarray(ETHERNET_BYTES, ETHERNET_BYTES + IPV4_BYTES)
  ip[0] = 0x45
  ip.writeUInt16BE(IPV4_BYTES + UDP_BYTES + payload.length, 2)
  ip[8] = 64
  ip[9] = UDP_PROTOCOL
  ip.set(frame.source.split(".").map(Number), 12)
  ip.set(frame.target.split(".").map(Number), 16)
  ip.writeUInt16BE(internetChecksum(ip), 10)
  const udp = bytes.subarray(ETHERNET_BYTES + IPV4_BYTES)
  udp.writeUInt16BE(40_000, 0)
  udp.writeUInt16BE(frame.port, 2)
  udp.writeUInt16BE(UDP_BYTES + payload.length, 4)
  udp.set(payload, UDP_BYTES)
  return bytes
}

function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(":", ""), "hex")
}

/** RFC 1071 */
function internetChecksum(bytes: Buffer): number {
  let sum = 0
  for (let offset = 0; offset < bytes.length; offset += 2) sum += bytes.readUInt16BE(offset)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}
