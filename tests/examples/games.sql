-- output: leaderboard
SELECT player, sum(score) AS points, count(*) AS matches, count_if(won) / count(*) AS win_rate
FROM matches GROUP BY player ORDER BY points DESC, player LIMIT 10
-- output: streaks
SELECT player, ended_at, match_id FROM (
  SELECT *, sum(won::INT) OVER (PARTITION BY player ORDER BY arrival ROWS 2 PRECEDING) AS wins FROM matches) WHERE wins = 3
-- output: impulse_buys
SELECT p.player, p.item, p.bought_at, m.match_id FROM matches m JOIN purchases p ON p.player = m.player
 AND p.bought_at BETWEEN m.ended_at AND m.ended_at + INTERVAL 5 MINUTE WHERE NOT m.won
-- output: whales
SELECT player, sum(price::DECIMAL(8, 2)) AS spent FROM purchases GROUP BY player HAVING sum(price::DECIMAL(8, 2)) >= 30
