/**
 * IPv4 ranges a guest may not reach: what is not the public internet, by the IANA special-purpose registry, and the one
 * public address that a cloud serves its machines' secrets at.
 *
 * Documentation ranges (RFC 5737) are left out: nobody lives there, and the tests use them as public addresses.
 */
export const DENIED_DESTINATIONS = [
  "0.0.0.0/8", // this network
  "10.0.0.0/8", // private, other guests and the host's veth addresses among them
  "100.64.0.0/10", // carrier-grade NAT
  "127.0.0.0/8", // loopback
  "169.254.0.0/16", // link-local, cloud metadata among them
  "168.63.129.16", // Azure's host, which gives a machine its configuration
  "172.16.0.0/12", // private
  "192.0.0.0/24", // protocol assignments
  "192.168.0.0/16", // private
  "198.18.0.0/15", // benchmarks
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved, and the limited broadcast
] as const
