-- output: hub_load
SELECT hub, count(*) AS parcels, max(weight_kg) AS heaviest,
       epoch_ms(time_bucket(INTERVAL 10 MINUTE, scanned_at) + INTERVAL 10 MINUTE) AS as_of
FROM scans WHERE status = 'ARRIVED' GROUP BY ALL
-- output: delayed_parcels
SELECT parcel_id, hub, region, epoch_ms(scanned_at - due_at) // 60000 AS late_min
FROM scans LEFT JOIN hubs USING (hub) WHERE scanned_at > due_at + INTERVAL 15 MINUTE
-- output: delays_by_region
SELECT region, count(*) AS parcels, avg(late_min) AS average_late, max(late_min) AS worst FROM (
  SELECT region, epoch_ms(scanned_at - due_at) // 60000 AS late_min
  FROM scans LEFT JOIN hubs USING (hub) WHERE scanned_at > due_at + INTERVAL 15 MINUTE) GROUP BY region
