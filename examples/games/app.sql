-- @app: game-lobby
-- @version: 1.0.0
-- @description: Leaders, streaks and buyers of a game

-- @name: leaderboard
-- @description: The ten players with the most points
-- @viz: table
CREATE TABLE leaderboard AS
SELECT player PRIMARY KEY, SUM(score) AS points, COUNT(*) AS matches, COUNT_IF(won) / COUNT(*) AS win_rate
FROM matches
GROUP BY player
ORDER BY points DESC, player
LIMIT 10
WITH ('matches.type' = 'file_source', 'matches.path' = './data/matches.jsonl',
      'leaderboard.type' = 'file_sink', 'leaderboard.path' = './out/leaderboard.jsonl');

-- @name: streaks
-- @description: Players with three wins in a row
CREATE STREAM streaks AS
SELECT player, ended_at, match_id
FROM (
  SELECT player, ended_at, match_id, COUNT_IF(won) OVER (ROWS WINDOW BUFFER 3 ROWS PARTITION BY player EXPIRE AFTER NEVER) AS wins
  FROM matches
) AS recent
WHERE wins = 3
WITH ('matches.type' = 'file_source', 'matches.path' = './data/matches.jsonl',
      'streaks.type' = 'file_sink', 'streaks.path' = './out/streaks.jsonl');

-- @name: impulse-buys
-- @description: Purchases within five minutes after a lost match
CREATE STREAM impulse_buys AS
SELECT p.player, p.item, p.bought_at, m.match_id
FROM matches m
JOIN purchases p ON p.player = m.player
                AND p.bought_at BETWEEN m.ended_at AND m.ended_at + INTERVAL '5' MINUTE
WHERE NOT m.won
WITH ('matches.type' = 'file_source', 'matches.path' = './data/matches.jsonl',
      'matches.event.time.field' = 'ended_at',
      'purchases.type' = 'file_source', 'purchases.path' = './data/purchases.csv',
      'purchases.event.time.field' = 'bought_at',
      'impulse_buys.type' = 'file_sink', 'impulse_buys.path' = './out/impulse_buys.jsonl');

-- @name: whales
-- @description: Players who spent more than anybody who never won a match
CREATE TABLE whales AS
SELECT player, SUM(CAST(price AS DECIMAL(8, 2))) AS spent
FROM purchases
GROUP BY player
HAVING SUM(CAST(price AS DECIMAL(8, 2))) >= ALL (SELECT 30)
EMIT FINAL
WITH ('purchases.type' = 'file_source', 'purchases.path' = './data/purchases.csv',
      'whales.type' = 'file_sink', 'whales.path' = './out/whales.jsonl');
