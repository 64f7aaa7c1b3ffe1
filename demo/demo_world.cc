#include "demo/demo_world.h"

#include <array>
#include <cmath>
#include <queue>

#include <fmt/format.h>

#include "demo/random.h"

namespace velo::demo {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;

enum TopicIndex { kTrades, kOrders, kCustomerEvents, kPayments, kSensors, kRequests, kPageViews, kLogs, kDecisions };

struct Symbol {
  const char* name;
  double price;
  double weight;
  double volatility;  ///< Of a quarter of a second.
};
constexpr std::array<Symbol, 10> kSymbols{{{"AAPL", 189.5, 18, 0.00030},
                                           {"MSFT", 415.2, 15, 0.00026},
                                           {"GOOG", 172.8, 11, 0.00032},
                                           {"AMZN", 182.4, 12, 0.00034},
                                           {"TSLA", 242.1, 14, 0.00072},
                                           {"NVDA", 121.7, 16, 0.00064},
                                           {"META", 505.3, 8, 0.00038},
                                           {"NFLX", 640.9, 5, 0.00040},
                                           {"AMD", 158.6, 7, 0.00058},
                                           {"JPM", 199.4, 4, 0.00022}}};
constexpr std::array<const char*, 4> kRegions{"us-east", "us-west", "eu-central", "ap-south"};
constexpr std::array<double, 4> kRegionWeights{38, 24, 25, 13};
constexpr std::array<const char*, 4> kCurrencies{"USD", "USD", "EUR", "INR"};
constexpr std::array<const char*, 4> kHomeCountries{"US", "US", "DE", "IN"};
constexpr std::array<const char*, 4> kFarCountries{"BR", "NG", "VN", "RO"};
constexpr std::array<const char*, 3> kExchanges{"NASDAQ", "NYSE", "BATS"};
constexpr std::array<const char*, 3> kDevices{"desktop", "mobile", "tablet"};
constexpr std::array<const char*, 3> kMethods{"card", "bank_transfer", "wallet"};
constexpr std::array<const char*, 4> kMerchants{"velo-brokerage", "velo-premium", "market-data-plus", "research-desk"};
constexpr std::array<const char*, 5> kPages{"/home", "/quotes", "/portfolio", "/news", "/order"};
constexpr std::array<const char*, 4> kReferrers{"direct", "search", "newsletter", "social"};

struct Service {
  const char* name;
  std::array<const char*, 2> endpoints;
  double median_ms;
  double weight;
};
constexpr std::array<Service, 5> kServices{{{"quotes-api", {"/v1/quotes", "/v1/history"}, 18, 34},
                                            {"orders-api", {"/v1/orders", "/v1/orders/status"}, 42, 20},
                                            {"payments-api", {"/v1/payments", "/v1/refunds"}, 85, 12},
                                            {"auth-api", {"/v1/login", "/v1/token"}, 25, 16},
                                            {"portfolio-api", {"/v1/positions", "/v1/reports"}, 60, 18}}};
struct Agent {
  const char* name;
  const char* model;
  double confidence;
  double latency_ms;
};
constexpr std::array<Agent, 4> kAgents{{{"fraud-screener", "guard-small", 0.93, 180},
                                        {"limit-advisor", "guard-large", 0.88, 620},
                                        {"kyc-reviewer", "guard-large", 0.84, 740},
                                        {"dispute-triage", "guard-small", 0.79, 240}}};
constexpr std::array<const char*, 4> kDecisionsMade{"approve", "review", "decline", "escalate"};
constexpr std::array<const char*, 5> kLocations{"hall-a", "hall-b", "roof", "battery-room", "loading-dock"};

constexpr int kCustomers = 400;
constexpr int kSensorsCount = 30;

/// Mean seconds between happenings of a kind.
constexpr double kSessionEvery = 0.32;
constexpr double kDirectOrderEvery = 0.072;
constexpr double kBackgroundRequestEvery = 0.05;
constexpr double kChatterEvery = 0.14;
constexpr double kSensorEvery = 1.0;
constexpr double kAgentEvery = 0.4;
constexpr double kIncidentEvery = 200;
constexpr double kNewsEvery = 180;
constexpr double kFraudEvery = 150;

double RoundTo(double value, double unit) { return std::round(value / unit) * unit; }
double Cents(double value) { return std::round(value * 100) / 100; }

}  // namespace

class DemoWorld::Simulation {
 public:
  Simulation(uint64_t seed, Timestamp start) : random_(seed), now_(start), start_(start) {
    for (const DemoTopic& topic : DemoTopics()) rows_.emplace_back(topic);
    // Numbers go on from the time of day, so that a later run does not use those of an earlier one again.
    orders_ = trades_ = payments_ = requests_ = start / kMicrosPerSecond % 1'000'000 * 90;
    sessions_ = start / kMicrosPerSecond % 100'000 * 9;
    for (size_t i = 0; i < kSymbols.size(); ++i) prices_[i] = kSymbols[i].price;
    for (int i = 0; i < kCustomers; ++i) customer_region_[i] = random_.Weighted(kRegionWeights);
    for (int i = 0; i < kSensorsCount; ++i) {
      sensor_level_[i] = random_.Uniform(40, 60);
      Schedule(random_.Uniform() * kSensorEvery, Kind::kSensor, i);
    }
    Schedule(0.25, Kind::kPrices, 0);
    Schedule(0.1, Kind::kSession, 0);
    Schedule(0.1, Kind::kDirectOrder, 0);
    Schedule(0.1, Kind::kBackgroundRequest, 0);
    Schedule(0.1, Kind::kChatter, 0);
    Schedule(0.1, Kind::kAgent, 0);
    Schedule(40, Kind::kIncident, 0);
    Schedule(25, Kind::kNews, 0);
    Schedule(60, Kind::kFraud, 0);
  }

  void AdvanceTo(Timestamp to) {
    while (!queue_.empty() && queue_.top().at < to) {
      Happening next = queue_.top();
      queue_.pop();
      now_ = next.at;
      Happen(next);
    }
  }

  std::vector<TopicRows>& rows() { return rows_; }

 private:
  enum class Kind : uint8_t {
    kPrices,
    kSession,
    kPage,
    kDirectOrder,
    kFill,
    kPayment,
    kBackgroundRequest,
    kChatter,
    kSensor,
    kAgent,
    kIncident,
    kNews,
    kFraud,
    kFraudPayment
  };

  struct Order {
    int64_t number = 0;
    int symbol = 0;
    bool buy = true;
    double total = 0;
    int64_t left = 0;
  };

  /// Something that will be. `subject` is a customer, sensor or symbol; `order` and `count` matter to some kinds.
  struct Happening {
    Timestamp at = 0;
    uint64_t sequence = 0;
    Kind kind = Kind::kPrices;
    int subject = 0;
    Order order;
    int64_t session = 0;
    int count = 0;
    bool operator<(const Happening& other) const { return std::tie(other.at, other.sequence) < std::tie(at, sequence); }
  };

  void Push(double seconds, Happening happening) {
    // Messages carry milliseconds, as those of most producers do.
    const int64_t micros = static_cast<int64_t>(seconds * kMicrosPerSecond);
    happening.at = (now_ + micros) / kMicrosPerMilli * kMicrosPerMilli;
    happening.sequence = sequence_++;
    queue_.push(std::move(happening));
  }
  void Schedule(double seconds, Kind kind, int subject) {
    Happening happening;
    happening.kind = kind;
    happening.subject = subject;
    Push(seconds, std::move(happening));
  }

  void Happen(const Happening& it) {
    switch (it.kind) {
      case Kind::kPrices:
        return MovePrices();
      case Kind::kSession:
        return StartSession();
      case Kind::kPage:
        return ViewPage(it);
      case Kind::kDirectOrder:
        PlaceOrder(PickCustomer(), random_.Chance(0.7) ? "api" : "mobile", NextTrace());
        return Schedule(random_.Exponential(kDirectOrderEvery), Kind::kDirectOrder, 0);
      case Kind::kFill:
        return FillOrder(it);
      case Kind::kPayment:
        return Pay(it);
      case Kind::kBackgroundRequest:
        CallService(random_.Weighted(ServiceWeights()), PickCustomer(), NextTrace());
        return Schedule(random_.Exponential(kBackgroundRequestEvery), Kind::kBackgroundRequest, 0);
      case Kind::kChatter:
        return Chatter();
      case Kind::kSensor:
        return ReadSensor(it.subject);
      case Kind::kAgent:
        Decide(random_.Below(static_cast<int>(kAgents.size())), "", NextTrace());
        return Schedule(random_.Exponential(kAgentEvery), Kind::kAgent, 0);
      case Kind::kIncident:
        return StartIncident();
      case Kind::kNews:
        return BreakNews();
      case Kind::kFraud:
        return StartFraud();
      case Kind::kFraudPayment:
        return FraudPayment(it);
    }
  }

  std::string NextTrace() {
    return fmt::format("00-{:016x}{:016x}-{:016x}-01", random_.Next(), random_.Next(), random_.Next());
  }
  static std::string TraceId(const std::string& traceparent) { return traceparent.substr(3, 32); }
  static std::string CustomerName(int customer) { return fmt::format("C{:04d}", 1000 + customer); }
  const char* RegionOf(int customer) const { return kRegions[customer_region_[customer]]; }

  /// A few customers do most of the business.
  int PickCustomer() {
    const double skewed = random_.Uniform() * random_.Uniform();
    return static_cast<int>(skewed * kCustomers);
  }
  static std::array<double, kServices.size()> ServiceWeights() {
    std::array<double, kServices.size()> weights;
    for (size_t i = 0; i < weights.size(); ++i) weights[i] = kServices[i].weight;
    return weights;
  }

  void MovePrices() {
    for (size_t i = 0; i < kSymbols.size(); ++i) {
      const bool in_news = static_cast<int>(i) == news_symbol_ && now_ < news_until_;
      const double volatility = kSymbols[i].volatility * (in_news ? 3 : 1);
      const double pull = 0.0004 * std::log(kSymbols[i].price / prices_[i]);
      prices_[i] *= std::exp(pull + (in_news ? news_drift_ : 0) + volatility * random_.Normal());
    }
    Schedule(0.25, Kind::kPrices, 0);
  }

  int PickSymbol() {
    std::array<double, kSymbols.size()> weights;
    for (size_t i = 0; i < weights.size(); ++i) weights[i] = kSymbols[i].weight;
    if (now_ < news_until_) weights[news_symbol_] *= 5;
    return random_.Weighted(weights);
  }

  void CustomerEvent(int customer, std::string_view type, std::string_view channel, std::string_view device,
                     std::string_view session, const std::string& trace) {
    TopicRows& row = rows_[kCustomerEvents].Begin(now_, CustomerName(customer), trace);
    row.Text(CustomerName(customer)).Text(type).Text(channel).Text(RegionOf(customer)).Text(device);
    if (session.empty()) {
      row.Null();
    } else {
      row.Text(session);
    }
    row.Time(now_);
  }

  static std::string SessionName(int64_t session) { return fmt::format("s-{:06d}", session); }

  void StartSession() {
    Happening first;
    first.kind = Kind::kPage;
    first.subject = PickCustomer();
    first.session = ++sessions_;
    const std::string trace = NextTrace();
    CustomerEvent(first.subject, "login", "web", kDevices[first.session % 3], SessionName(first.session), trace);
    CallService(3, first.subject, trace);
    Push(random_.Uniform(0.2, 1.5), first);
    Schedule(random_.Exponential(kSessionEvery), Kind::kSession, 0);
  }

  void ViewPage(const Happening& it) {
    static constexpr std::array<double, 5> kPageWeights{20, 38, 18, 14, 10};
    const int page = it.count == 0 ? 0 : random_.Weighted(kPageWeights);
    const std::string trace = NextTrace();
    const int symbol = PickSymbol();
    std::string path = kPages[page];
    if (page == 1) path += fmt::format("/{}", kSymbols[symbol].name);
    const double dwell = std::min(45.0, random_.LogNormal(6, 0.8));
    rows_[kPageViews]
        .Begin(now_, CustomerName(it.subject), trace)
        .Text(CustomerName(it.subject))
        .Text(SessionName(it.session))
        .Text(path)
        .Text(it.count == 0 ? kReferrers[it.session % 4] : "internal")
        .Text(kDevices[it.session % 3])
        .Text(RegionOf(it.subject))
        .Integer(static_cast<int64_t>(dwell * 1000))
        .Time(now_);
    CallService(page == 1 ? 0 : page == 2 ? 4 : page == 4 ? 1 : random_.Weighted(ServiceWeights()), it.subject, trace);
    if (page == 4 && random_.Chance(0.75)) PlaceOrder(it.subject, "web", trace);
    if (random_.Chance(0.16)) {
      CustomerEvent(it.subject, random_.Chance(0.8) ? "logout" : "support_ticket", "web", kDevices[it.session % 3],
                    SessionName(it.session), trace);
      return;
    }
    Happening next = it;
    ++next.count;
    Push(dwell, next);
  }

  void PlaceOrder(int customer, std::string_view channel, const std::string& trace) {
    static constexpr std::array<const char*, 4> kStatuses{"filled", "partially_filled", "cancelled", "pending"};
    static constexpr std::array<double, 4> kStatusWeights{84, 7, 5, 4};
    Order order;
    order.number = ++orders_;
    order.symbol = PickSymbol();
    order.buy = random_.Chance(0.53);
    const int64_t quantity = std::max<int64_t>(1, static_cast<int64_t>(RoundTo(random_.LogNormal(180, 1.1), 10)));
    order.total = Cents(prices_[order.symbol] * static_cast<double>(quantity));
    const int status = random_.Weighted(kStatusWeights);
    rows_[kOrders]
        .Begin(now_, OrderName(order.number), trace)
        .Text(OrderName(order.number))
        .Text(CustomerName(customer))
        .Text(kSymbols[order.symbol].name)
        .Text(order.buy ? "BUY" : "SELL")
        .Integer(quantity)
        .Number(order.total)
        .Text(RegionOf(customer))
        .Text(channel)
        .Text(kStatuses[status])
        .Time(now_);
    CustomerEvent(customer, "order_placed", channel, channel == "web" ? "desktop" : "mobile", "", trace);

    Happening follow;
    follow.subject = customer;
    follow.order = order;
    if (random_.Chance(0.8)) {
      follow.kind = Kind::kPayment;
      Push(random_.LogNormal(1.2, 0.5), follow);
    }
    if (status > 1) return;
    follow.kind = Kind::kFill;
    follow.order.left = status == 0 ? quantity : std::max<int64_t>(1, quantity / 2);
    Push(random_.LogNormal(0.3, 0.7), follow);
  }

  static std::string OrderName(int64_t number) { return fmt::format("O{:08d}", number); }

  void FillOrder(const Happening& it) {
    Happening rest = it;
    int64_t part = it.order.left;
    if (part > 20 && it.count < 6) part = std::max<int64_t>(1, static_cast<int64_t>(part * random_.Uniform(0.15, 0.6)));
    const double slip = random_.Normal(0, 0.0002);
    rows_[kTrades]
        .Begin(now_, kSymbols[it.order.symbol].name, NextTrace())
        .Text(kSymbols[it.order.symbol].name)
        .Number(Cents(prices_[it.order.symbol] * (1 + slip)))
        .Integer(part)
        .Time(now_)
        .Text(it.order.buy ? "BUY" : "SELL")
        .Text(kExchanges[random_.Below(3)])
        .Text(fmt::format("T{:09d}", ++trades_))
        .Text(OrderName(it.order.number));
    rest.order.left -= part;
    ++rest.count;
    if (rest.order.left > 0) Push(random_.LogNormal(0.6, 0.8), rest);
  }

  void EmitPayment(int customer, const std::string& order, double amount, std::string_view location, bool declined) {
    static constexpr std::array<double, 3> kMethodWeights{58, 27, 15};
    static constexpr std::array<double, 4> kMerchantWeights{82, 7, 6, 5};
    const std::string trace = NextTrace();
    const std::string payment = fmt::format("P{:08d}", ++payments_);
    TopicRows& row = rows_[kPayments].Begin(now_, CustomerName(customer), trace);
    row.Text(payment);
    if (order.empty()) {
      row.Null();
    } else {
      row.Text(order);
    }
    row.Text(CustomerName(customer))
        .Number(Cents(amount))
        .Text(kCurrencies[customer_region_[customer]])
        .Text(kMethods[random_.Weighted(kMethodWeights)])
        .Text(kMerchants[random_.Weighted(kMerchantWeights)])
        .Text(location)
        .Text(RegionOf(customer))
        .Text(declined ? "declined" : "approved")
        .Time(now_);
    if (random_.Chance(0.3)) CallService(2, customer, trace);
    if (random_.Chance(0.2)) Decide(0, payment, trace);
  }

  void Pay(const Happening& it) {
    const int region = customer_region_[it.subject];
    const double amount = std::max(1.0, it.order.total * 0.002 + random_.LogNormal(60, 1.0));
    EmitPayment(it.subject, OrderName(it.order.number), amount, kHomeCountries[region], random_.Chance(0.04));
  }

  /// One customer's card is misused: a dozen payments within a minute from two countries.
  void StartFraud() {
    Happening theft;
    theft.kind = Kind::kFraudPayment;
    theft.subject = PickCustomer();
    theft.count = 12;
    Push(0.5, theft);
    Schedule(random_.Exponential(kFraudEvery) + 30, Kind::kFraud, 0);
  }

  void FraudPayment(const Happening& it) {
    const bool far = it.count % 3 != 0;
    const char* location = far ? kFarCountries[it.subject % 4] : kHomeCountries[customer_region_[it.subject]];
    EmitPayment(it.subject, "", random_.LogNormal(it.count == 1 ? 14000 : 900, 0.4), location, random_.Chance(0.3));
    if (it.count <= 1) return;
    Happening next = it;
    --next.count;
    Push(random_.Uniform(1.5, 5), next);
  }

  void CallService(int index, int customer, const std::string& trace) {
    const Service& service = kServices[index];
    const bool sick = index == sick_service_ && now_ < sick_until_;
    const double latency = std::min(30000.0, random_.LogNormal(service.median_ms * (sick ? 7 : 1), sick ? 0.9 : 0.45));
    int status = 200;
    if (random_.Chance(sick ? 0.18 : 0.004)) {
      status = random_.Chance(0.5) ? 503 : 500;
    } else if (random_.Chance(0.02)) {
      status = random_.Chance(0.6) ? 404 : 401;
    }
    const int endpoint = random_.Chance(0.7) ? 0 : 1;
    const bool writes = index == 1 || index == 2 || index == 3;
    rows_[kRequests]
        .Begin(now_, service.name, trace)
        .Text(fmt::format("r-{:08d}", ++requests_))
        .Text(service.name)
        .Text(service.endpoints[endpoint])
        .Text(writes && endpoint == 0 ? "POST" : "GET")
        .Integer(status)
        .Number(RoundTo(latency, 0.1))
        .Text(RegionOf(customer))
        .Text(CustomerName(customer))
        .Time(now_);
    if (status >= 500) {
      Log("ERROR", service.name,
          fmt::format("request r-{:08d} failed with {} after {:.0f} ms", requests_, status, latency), trace);
    } else if (latency > 800) {
      Log("WARN", service.name, fmt::format("slow request {} took {:.0f} ms", service.endpoints[endpoint], latency),
          trace);
    }
  }

  void Log(std::string_view level, std::string_view service, std::string_view message, const std::string& trace) {
    rows_[kLogs]
        .Begin(now_, std::string(service), trace)
        .Time(now_)
        .Text(level)
        .Text(service)
        .Text(fmt::format("{}-{}", service, random_.Below(3) + 1))
        .Text(message)
        .Text(TraceId(trace));
  }

  void Chatter() {
    static constexpr std::array<const char*, 5> kMessages{"cache refreshed", "health check ok",
                                                          "connection pool at 62 %", "configuration reloaded",
                                                          "batch of prices published"};
    const int service = random_.Weighted(ServiceWeights());
    const char* level = random_.Chance(0.75) ? "INFO" : random_.Chance(0.8) ? "DEBUG" : "WARN";
    Log(level, kServices[service].name, kMessages[random_.Below(5)], NextTrace());
    Schedule(random_.Exponential(kChatterEvery), Kind::kChatter, 0);
  }

  void StartIncident() {
    sick_service_ = random_.Weighted(ServiceWeights());
    sick_until_ = now_ + static_cast<int64_t>(random_.Uniform(40, 80) * kMicrosPerSecond);
    Log("FATAL", kServices[sick_service_].name, "database connection lost, failing over", NextTrace());
    Schedule(90 + random_.Exponential(kIncidentEvery - 90), Kind::kIncident, 0);
  }

  void BreakNews() {
    news_symbol_ = random_.Below(static_cast<int>(kSymbols.size()));
    news_until_ = now_ + static_cast<int64_t>(random_.Uniform(30, 60) * kMicrosPerSecond);
    news_drift_ = random_.Chance(0.5) ? 0.00012 : -0.00012;
    Schedule(70 + random_.Exponential(kNewsEvery - 70), Kind::kNews, 0);
  }

  void ReadSensor(int sensor) {
    static constexpr std::array<const char*, 3> kTypes{"vibration", "power", "airflow"};
    static constexpr std::array<const char*, 3> kUnits{"mm/s", "kW", "m3/h"};
    const double day =
        6.283185307179586 * static_cast<double>(now_ % (86400 * kMicrosPerSecond)) / (86400.0 * kMicrosPerSecond);
    double& level = sensor_level_[sensor];
    level += 0.05 * (50 - level) + random_.Normal(0, 0.35);
    // Sensor 7 wears out slowly; the others only now and then give a spike.
    const double wear = sensor == 7 ? static_cast<double>(now_ - start_) / (3600.0 * kMicrosPerSecond) * 12 : 0;
    const bool spike = random_.Chance(0.0015);
    const double value = level + 6 * std::sin(day) + std::min(wear, 40.0) + (spike ? random_.Uniform(25, 45) : 0);
    const double temperature =
        21 + 5 * std::sin(day - 1.2) + (sensor % 5) * 0.8 + random_.Normal(0, 0.2) + (spike ? 9 : 0);
    const double drained = static_cast<double>((now_ - start_) / kMicrosPerSecond % 200000) / 4000.0;
    const std::string device = fmt::format("dev-{:03d}", sensor);
    // Readings travel over radio: some arrive up to a second and a half late.
    const int64_t delay = random_.Chance(0.1) ? random_.Below(1500) * kMicrosPerMilli : 0;
    rows_[kSensors]
        .Begin(now_, device, NextTrace())
        .Text(device)
        .Text(kTypes[sensor % 3])
        .Number(RoundTo(value, 0.01))
        .Text(kUnits[sensor % 3])
        .Number(RoundTo(temperature, 0.01))
        .Number(RoundTo(45 + 4 * std::cos(day) + random_.Normal(0, 0.6), 0.1))
        .Number(RoundTo(std::max(5.0, 100 - sensor * 1.7 - drained), 0.1))
        .Text(kLocations[sensor % 5])
        .Text(spike ? "alarm" : "ok")
        .Time(now_ - delay);
    Schedule(kSensorEvery * random_.Uniform(0.9, 1.1), Kind::kSensor, sensor);
  }

  void Decide(int index, const std::string& payment, const std::string& trace) {
    const Agent& agent = kAgents[index];
    const double confidence = std::clamp(random_.Normal(agent.confidence, 0.07), 0.05, 0.999);
    static constexpr std::array<double, 4> kSure{80, 6, 12, 2};
    static constexpr std::array<double, 4> kUnsure{15, 50, 10, 25};
    const int decision = random_.Weighted(confidence > 0.75 ? kSure : kUnsure);
    TopicRows& row = rows_[kDecisions].Begin(now_, agent.name, trace);
    row.Text(agent.name)
        .Text(agent.model)
        .Text(kDecisionsMade[decision])
        .Number(RoundTo(confidence, 0.001))
        .Number(RoundTo(random_.LogNormal(agent.latency_ms, 0.4), 0.1))
        .Integer(static_cast<int64_t>(random_.LogNormal(900, 0.5)))
        .Integer(static_cast<int64_t>(random_.LogNormal(120, 0.6)))
        .Text(random_.Chance(confidence) ? "correct" : "overturned");
    if (payment.empty()) {
      row.Null();
    } else {
      row.Text(payment);
    }
    row.Time(now_);
  }

  Random random_;
  Timestamp now_;
  const Timestamp start_;
  std::vector<TopicRows> rows_;
  std::priority_queue<Happening> queue_;
  uint64_t sequence_ = 0;
  std::array<double, kSymbols.size()> prices_{};
  std::array<int, kCustomers> customer_region_{};
  std::array<double, kSensorsCount> sensor_level_{};
  int64_t orders_ = 0, trades_ = 0, payments_ = 0, requests_ = 0, sessions_ = 0;
  int sick_service_ = -1, news_symbol_ = 0;
  Timestamp sick_until_ = 0, news_until_ = 0;
  double news_drift_ = 0;
};

DemoWorld::DemoWorld(uint64_t seed, Timestamp start) : simulation_(std::make_unique<Simulation>(seed, start)) {}
DemoWorld::~DemoWorld() = default;
void DemoWorld::AdvanceTo(Timestamp to) { simulation_->AdvanceTo(to); }
std::vector<TopicRows>& DemoWorld::rows() { return simulation_->rows(); }

}  // namespace velo::demo
