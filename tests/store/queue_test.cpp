#include "store/queue.hpp"
#include <catch2/catch.hpp>
TEST_CASE("x") {
    store::recovery r;
    store::options o;
    o.path = "/tmp/q-smoke.db";
    auto q = store::queue::open(o, r);
    if (!q) FAIL(q.error().detail());
    store::transaction t;
    t.append.push_back({"a/b", "hello", 1, false, {1, 2, true}});
    auto c = q->commit(t);
    if (!c) FAIL(c.error().detail());
    auto m = q->read(store::sequence{1}, 10, 1000);
    if (!m) FAIL(m.error().detail());
    CHECK(m->size() == 1u + std::size_t(number(r.last)));
    auto s = store::queue::inspect(o.path);
    if (!s) FAIL(s.error().detail());
    CHECK(s->ledger.queued == m->size());
    CHECK(s->ledger.balanced());
}
