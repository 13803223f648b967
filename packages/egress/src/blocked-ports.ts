/**
 * Services above 1023 that speak to whoever connects and are never webhook receivers: databases, caches, queues,
 * container and cluster control (names by IANA's Service Name and Port Number Registry).
 */
const INTERNAL_PORTS = new Set([
  1080, 1433, 1434, 1521, 1723, 1883, 2049, 2181, 2375, 2376, 2377, 2379, 2380, 3128, 3260, 3306, 3389, 4369,
  4444, 5060, 5061, 5432, 5433, 5601, 5671, 5672, 5900, 5901, 5984, 5985, 5986, 6000, 6379, 6380, 6432, 6443,
  6666, 6667, 7000, 7001, 7199, 7474, 7687, 8086, 8300, 8301, 8500, 8600, 9042, 9092, 9160, 9200, 9300, 9418,
  10250, 10255, 10256, 11211, 15672, 16379, 25672, 26257, 26379, 27017, 27018, 27019, 28015, 50000, 50070,
  61616,
])

/** Below 1024 only HTTP's own ports are let through. */
export function isBlockedPort(port: number): boolean {
  return port < 1_024 ? port !== 80 && port !== 443 : INTERNAL_PORTS.has(port)
}
