-- @app: parcel-tracker
-- @version: 0.3.0
-- @description: Load of hubs and parcels that run late

-- @name: hub-load
-- @metric: hub_parcels
-- @metric_type: gauge
-- @metric_labels: hub
-- @metric_field: parcels
-- @alert: parcels > 500
-- @alert_severity: critical
-- @viz: line
CREATE TABLE hub_load AS
SELECT hub PRIMARY KEY, COUNT(*) AS parcels, MAX(weight_kg) AS heaviest, _window_end AS as_of
FROM scans
WHERE status = 'ARRIVED'
GROUP BY hub
WINDOW TUMBLING(scanned_at, INTERVAL '10' MINUTE)
EMIT FINAL
WITH ('scans.type' = 'file_source', 'scans.path' = './data/scans.csv',
      'hub_load.type' = 'file_sink', 'hub_load.path' = './out/hub_load.jsonl');

-- @name: delayed-parcels
CREATE STREAM delayed_parcels AS
SELECT s.parcel_id PRIMARY KEY, s.hub, h.region, DATEDIFF('minute', s.due_at, s.scanned_at) AS late_min
FROM scans s
LEFT JOIN hubs h ON s.hub = h.hub
WHERE s.scanned_at > s.due_at + INTERVAL '15' MINUTE
EMIT CHANGES
WITH ('scans.type' = 'file_source', 'scans.path' = './data/scans.csv',
      'hubs.type' = 'file_source', 'hubs.path' = './data/hubs.csv',
      'delayed_parcels.type' = 'file_sink', 'delayed_parcels.path' = './out/delayed_parcels.jsonl');

-- @name: delays-by-region
CREATE TABLE delays_by_region AS
SELECT region, COUNT(*) AS parcels, AVG(late_min) AS average_late, MAX(late_min) AS worst
FROM delayed_parcels
GROUP BY region
EMIT FINAL
WITH ('delays_by_region.type' = 'file_sink', 'delays_by_region.path' = './out/delays_by_region.jsonl');
