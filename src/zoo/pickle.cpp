// The machine of Python's pickletools.py, protocols 2 to 5: a stack of values, marks in it that begin a run of items,
// and a memo of values to use again. An opcode is one byte, its operand follows.
#include "zoo/pickle.h"

#include <bit>
#include <unordered_map>

#include "base/error.h"
#include "zoo/pickle_global.h"

namespace graft::pickle {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{4} << 20;
constexpr std::size_t kMaxName = 256;
constexpr int kMaxProtocol = 5;

enum class Opcode : std::uint8_t {
  mark = '(',
  stop = '.',
  binfloat = 'G',
  binint = 'J',
  binint1 = 'K',
  binint2 = 'M',
  none = 'N',
  binpersid = 'Q',
  reduce = 'R',
  binstring = 'T',
  short_binstring = 'U',
  binunicode = 'X',
  append = 'a',
  build = 'b',
  global = 'c',
  appends = 'e',
  binget = 'h',
  long_binget = 'j',
  binput = 'q',
  long_binput = 'r',
  setitem = 's',
  tuple = 't',
  setitems = 'u',
  empty_list = ']',
  empty_dict = '}',
  empty_tuple = ')',
  proto = 0x80,
  newobj = 0x81,
  tuple1 = 0x85,
  tuple2 = 0x86,
  tuple3 = 0x87,
  newtrue = 0x88,
  newfalse = 0x89,
  long1 = 0x8a,
  short_binunicode = 0x8c,
  stack_global = 0x93,
  memoize = 0x94,
  frame = 0x95,
};

class Machine {
 public:
  Machine(ByteView bytes, std::string_view source) : bytes_(bytes), source_(source) {}

  Document run() {
    while (true) {
      const auto opcode = static_cast<Opcode>(take<std::uint8_t>());
      if (opcode == Opcode::stop) break;
      const bool known = scalar(opcode) || string(opcode) || container(opcode) || memo(opcode) || call(opcode);
      require(known, source_, ": the pickle opcode ", name_of_opcode(static_cast<std::uint8_t>(opcode)),
              " is not among those graft reads, because a file must not be able to run code; save the state dict "
              "alone: torch.save(model.state_dict(), file)");
    }
    document_.root = pop();
    return std::move(document_);
  }

 private:
  // ---- Bytes ----

  ByteView take_bytes(std::uint64_t size) {
    require(size <= bytes_.size() - position_, source_, ": the pickle is truncated");
    const ByteView taken = bytes_.subspan(position_, size);
    position_ += size;
    return taken;
  }
  template <typename Number>
  Number take() {
    return load<Number>(take_bytes(sizeof(Number)), 0);
  }
  std::string_view take_line() {
    const std::string_view rest = as_text(bytes_.subspan(position_));
    const std::size_t length = rest.substr(0, kMaxName + 1).find('\n');
    require(length != std::string_view::npos, source_, ": the pickle has a name without an end");
    position_ += length + 1;
    return rest.substr(0, length);
  }

  // ---- Stack ----

  template <typename Data>
  Value* make(Data data) {
    return &document_.values.emplace_back(Value{std::move(data)});
  }
  template <typename Data>
  bool push(Data data) {
    stack_.push_back(make(std::move(data)));
    return true;
  }
  Value* top() {
    const std::size_t bottom = marks_.empty() ? 0 : marks_.back();
    require(stack_.size() > bottom, source_, ": the pickle takes from an empty stack");
    return stack_.back();
  }
  Value* pop() {
    Value* value = top();
    stack_.pop_back();
    return value;
  }
  std::vector<Value*> pop_to_mark() {
    require(!marks_.empty(), source_, ": the pickle has an end of items without their beginning");
    const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<Value*> items(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    marks_.pop_back();
    return items;
  }
  std::vector<Value*> pop_items(int count) {
    std::vector<Value*> items(static_cast<std::size_t>(count));
    for (auto item = items.rbegin(); item != items.rend(); ++item) *item = pop();
    return items;
  }
  template <typename Type>
  Type& expect(Value* value, const char* what) {
    Type* data = std::get_if<Type>(&value->data);
    require(data != nullptr, source_, ": the pickle has something else where ", what, " is expected");
    return *data;
  }

  // ---- Opcodes: each function answers whether the opcode is one of its own ----

  bool scalar(Opcode opcode) {
    switch (opcode) {
      case Opcode::proto:
        require(take<std::uint8_t>() <= kMaxProtocol, source_, ": the pickle protocol is newer than ", kMaxProtocol);
        return true;
      case Opcode::frame:
        take<std::uint64_t>();
        return true;
      case Opcode::none:
        return push(None{});
      case Opcode::newtrue:
      case Opcode::newfalse:
        return push(opcode == Opcode::newtrue);
      case Opcode::binint:
        return push(static_cast<std::int64_t>(take<std::int32_t>()));
      case Opcode::binint1:
        return push(static_cast<std::int64_t>(take<std::uint8_t>()));
      case Opcode::binint2:
        return push(static_cast<std::int64_t>(take<std::uint16_t>()));
      case Opcode::long1:
        return push(take_long());
      case Opcode::binfloat:
        return push(std::bit_cast<double>(__builtin_bswap64(take<std::uint64_t>())));
      default:
        return false;
    }
  }

  std::int64_t take_long() {
    const ByteView digits = take_bytes(take<std::uint8_t>());
    require(digits.size() <= sizeof(std::int64_t), source_, ": the pickle has an integer of more than 64 bits");
    std::uint64_t number = !digits.empty() && (digits.back() & std::byte{0x80}) != std::byte{} ? ~std::uint64_t{0} : 0;
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
      number = number << 8 | std::to_integer<std::uint64_t>(*digit);
    }
    return static_cast<std::int64_t>(number);
  }

  bool string(Opcode opcode) {
    switch (opcode) {
      case Opcode::binstring:
      case Opcode::binunicode:
        return push(std::string(as_text(take_bytes(take<std::uint32_t>()))));
      case Opcode::short_binstring:
      case Opcode::short_binunicode:
        return push(std::string(as_text(take_bytes(take<std::uint8_t>()))));
      default:
        return false;
    }
  }

  bool container(Opcode opcode) {
    switch (opcode) {
      case Opcode::mark:
        marks_.push_back(stack_.size());
        return true;
      case Opcode::empty_tuple:
        return push(Tuple{});
      case Opcode::tuple1:
      case Opcode::tuple2:
      case Opcode::tuple3:
        return push(Tuple{pop_items(static_cast<int>(opcode) - static_cast<int>(Opcode::tuple1) + 1)});
      case Opcode::tuple:
        return push(Tuple{pop_to_mark()});
      case Opcode::empty_list:
        return push(List{});
      case Opcode::append:
        return append(pop_items(1));
      case Opcode::appends:
        return append(pop_to_mark());
      case Opcode::empty_dict:
        return push(Dict{});
      case Opcode::setitem:
        return set_items(pop_items(2));
      case Opcode::setitems:
        return set_items(pop_to_mark());
      default:
        return false;
    }
  }

  bool append(const std::vector<Value*>& items) {
    auto& list = expect<List>(top(), "a list").items;
    list.insert(list.end(), items.begin(), items.end());
    return true;
  }

  bool set_items(const std::vector<Value*>& items) {
    require(items.size() % 2 == 0, source_, ": the pickle has a dictionary key without a value");
    auto& dict = expect<Dict>(top(), "a dictionary").items;
    for (std::size_t i = 0; i < items.size(); i += 2) dict.emplace_back(items[i], items[i + 1]);
    return true;
  }

  bool memo(Opcode opcode) {
    switch (opcode) {
      case Opcode::binput:
        memo_[take<std::uint8_t>()] = top();
        return true;
      case Opcode::long_binput:
        memo_[take<std::uint32_t>()] = top();
        return true;
      case Opcode::memoize:
        memo_[static_cast<std::uint32_t>(memo_.size())] = top();
        return true;
      case Opcode::binget:
        return get(take<std::uint8_t>());
      case Opcode::long_binget:
        return get(take<std::uint32_t>());
      default:
        return false;
    }
  }

  bool get(std::uint32_t index) {
    const auto found = memo_.find(index);
    require(found != memo_.end(), source_, ": the pickle takes memo ", index, ", which it never put");
    stack_.push_back(found->second);
    return true;
  }

  bool call(Opcode opcode) {
    switch (opcode) {
      case Opcode::global: {
        const std::string_view module = take_line(), name = take_line();
        return push(global(module, name, source_));
      }
      case Opcode::stack_global: {
        const auto& name = expect<std::string>(pop(), "a name");
        const auto& module = expect<std::string>(pop(), "a module's name");
        require(name.size() + module.size() <= kMaxName, source_, ": the pickle has a name that is too long");
        return push(global(module, name, source_));
      }
      case Opcode::reduce: {
        const auto& arguments = expect<Tuple>(pop(), "a tuple of arguments");
        return push_result(construct(expect<Global>(pop(), "a name to call"), arguments, source_));
      }
      case Opcode::newobj: {
        const auto& arguments = expect<Tuple>(pop(), "a tuple of arguments");
        return push_result(instance(expect<Global>(pop(), "a class"), arguments, source_));
      }
      case Opcode::binpersid:
        return push(storage(expect<Tuple>(pop(), "a storage"), source_));
      case Opcode::build:
        return build(pop());
      default:
        return false;
    }
  }

  bool push_result(Result result) {
    auto* made = std::get_if<Value>(&result);
    stack_.push_back(made ? &document_.values.emplace_back(std::move(*made)) : std::get<Value*>(result));
    return true;
  }

  // The state of an ordered dictionary is the metadata of a state dict, which no weight needs.
  bool build(Value* state) {
    if (std::holds_alternative<Dict>(top()->data)) return true;
    expect<Object>(top(), "an object that takes a state").state = state;
    return true;
  }

  ByteView bytes_;
  std::size_t position_ = 0;
  std::string_view source_;
  Document document_;
  std::vector<Value*> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint32_t, Value*> memo_;
};

}  // namespace

Document parse(ByteView bytes, std::string_view source) {
  require(bytes.size() <= kMaxBytes, source, ": the pickle has ", bytes.size(), " bytes; graft reads up to ",
          kMaxBytes);
  return Machine(bytes, source).run();
}

}  // namespace graft::pickle
