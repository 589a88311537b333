#include <weft/program.hpp>

int main(int argumentCount, char** arguments)
{
    return weft::programMain(argumentCount, arguments);
}
